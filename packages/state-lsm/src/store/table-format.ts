/** First bytes of the last part of a table. */
export const TABLE_MAGIC = Buffer.from('FLTSLSM1', 'latin1')

/** A block and a frame of the cache; blocks of one large entry are longer. */
export const BLOCK_BYTES = 4096

/** At the end of a block: u16 number of entries, u32 CRC-32; the places of the entries, u16 each, lie before. */
export const BLOCK_TRAILER_BYTES = 6

/**
 * At the end of a table: u64 where index and filter begin, u32 length of the index, u32 of the filter, u32 blocks, u32 entries,
 * u32 CRC-32 of index and filter, 8 bytes {@link TABLE_MAGIC}, u32 CRC-32 of the 36 bytes before.
 */
export const FOOTER_BYTES = 40

/** What is known of a table without reading it. Keys are those of the store. */
export interface TableSummary {
  readonly sizeBytes: number
  readonly entries: number
  readonly smallestKey: Buffer
  readonly largestKey: Buffer
}
