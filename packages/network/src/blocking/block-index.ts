import { crc32 } from 'node:zlib'

/** One block of a subpartition, as it lies in its file. */
export interface Block {
  readonly file: number
  readonly offset: number
  readonly storedBytes: number
  /** `SlotFlags`. */
  readonly flags: number
  readonly checksum: number
}

const MAGIC = 0xf117b10c
const VERSION = 1
const HEADER_BYTES = 10
const COUNT_BYTES = 4
const BLOCK_BYTES = 21
const CHECKSUM_BYTES = 4

/*
 * Little-endian: u32 magic, u16 version, u32 subpartitions; of each subpartition u32 blocks, of each block u32 file,
 * f64 offset, u32 stored bytes, u8 flags, u32 CRC-32 of the stored bytes; u32 CRC-32 of all before.
 */

/** The index of a finished partition: where the blocks of each subpartition lie, in order. */
export function encodeBlockIndex(subpartitions: readonly (readonly Block[])[]): Buffer {
  const blocks = subpartitions.reduce((sum, list) => sum + list.length, 0)
  const bytes = Buffer.allocUnsafe(
    HEADER_BYTES + subpartitions.length * COUNT_BYTES + blocks * BLOCK_BYTES + CHECKSUM_BYTES,
  )
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt16LE(VERSION, 4)
  bytes.writeUInt32LE(subpartitions.length, 6)
  let at = HEADER_BYTES
  for (const list of subpartitions) {
    at = bytes.writeUInt32LE(list.length, at)
    for (const block of list) {
      at = bytes.writeUInt32LE(block.file, at)
      at = bytes.writeDoubleLE(block.offset, at)
      at = bytes.writeUInt32LE(block.storedBytes, at)
      at = bytes.writeUInt8(block.flags, at)
      at = bytes.writeUInt32LE(block.checksum, at)
    }
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(0, at)), at)
  return bytes
}

/** @returns undefined if the bytes are not a whole index */
export function decodeBlockIndex(bytes: Buffer): Block[][] | undefined {
  const end = bytes.length - CHECKSUM_BYTES
  if (end < HEADER_BYTES || bytes.readUInt32LE(end) !== crc32(bytes.subarray(0, end)))
    return undefined
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt16LE(4) !== VERSION) return undefined
  const subpartitions: Block[][] = []
  let at = HEADER_BYTES
  for (let count = bytes.readUInt32LE(6); count > 0; count--) {
    const list: Block[] = []
    for (let blocks = bytes.readUInt32LE(at); blocks > 0; blocks--) {
      const first = at + COUNT_BYTES + list.length * BLOCK_BYTES
      list.push({
        file: bytes.readUInt32LE(first),
        offset: bytes.readDoubleLE(first + 4),
        storedBytes: bytes.readUInt32LE(first + 12),
        flags: bytes[first + 16]!,
        checksum: bytes.readUInt32LE(first + 17),
      })
    }
    subpartitions.push(list)
    at += COUNT_BYTES + list.length * BLOCK_BYTES
  }
  return subpartitions
}
