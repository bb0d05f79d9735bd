import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import type { BlockCache, Evictable, FrameOwner } from './block-cache.js'
import { mayContain } from './bloom-filter.js'
import { compareBytes } from './bytes.js'
import { NO_BYTES } from './cursor.js'
import { TableCorruptError } from './table-corrupt-error.js'
import type { TableFileReader, TableFiles } from './table-files.js'
import { BLOCK_BYTES, FOOTER_BYTES, TABLE_MAGIC, type TableSummary } from './table-format.js'

/** Index and filter of a table; in memory while there is room. */
export interface TableIndex extends Evictable {
  /** Where each block begins, and where the last one ends. */
  readonly positions: Float64Array
  readonly keys: Buffer
  /** Where the last key of each block begins in `keys`, and where the last of them ends. */
  readonly keyStarts: Int32Array
  readonly filter: Buffer
  /** Of each block; -1: it is not in the cache. */
  readonly frames: Int32Array
}

/** Blocks too large for a frame are read into memory that is used again. */
let largeBlock: Buffer = NO_BYTES

/** One immutable file of sorted entries. It is removed when nobody holds it any more. */
export class Table implements FrameOwner {
  readonly name: string
  readonly summary: TableSummary
  readonly #files: TableFiles
  readonly #cache: BlockCache
  #reader: TableFileReader | undefined
  #index: TableIndex | undefined
  #references = 1
  /** Where {@link find} found. */
  bytes: Buffer = NO_BYTES
  valueStart = 0
  valueLength = 0

  constructor(name: string, summary: TableSummary, files: TableFiles, cache: BlockCache) {
    this.name = name
    this.summary = summary
    this.#files = files
    this.#cache = cache
  }

  retain(): this {
    assert(this.#references > 0, `${this.name} is there`)
    this.#references++
    return this
  }

  release(): void {
    if (--this.#references > 0) return
    this.#forgetIndex()
    this.#reader?.close()
    this.#reader = undefined
    this.#files.delete(this.name)
  }

  /** Closes the file without removing it: all files are removed together. */
  abandon(): void {
    this.#reader?.close()
    this.#reader = undefined
  }

  get reader(): TableFileReader {
    this.#reader ??= this.#files.open(this.name)
    return this.#reader
  }

  /** @returns whether the table has an entry of this key; `bytes`, `valueStart` and `valueLength` show it until the next access */
  find(hash: number, key: Buffer, keyLength: number): boolean {
    const index = this.index()
    if (!mayContain(index.filter, hash)) return false
    const block = findBlock(index, key, keyLength)
    if (block < 0) return false
    return this.#findIn(index, block, key, keyLength)
  }

  #findIn(index: TableIndex, block: number, key: Buffer, keyLength: number): boolean {
    const length = index.positions[block + 1]! - index.positions[block]!
    let bytes = this.#cache.memory
    let start = 0
    if (length > BLOCK_BYTES) {
      if (largeBlock.length < length) largeBlock = Buffer.allocUnsafeSlow(length * 2)
      bytes = largeBlock
      this.#read(bytes, 0, index.positions[block]!, length)
    } else {
      let frame = index.frames[block]!
      if (frame < 0) {
        frame = this.#cache.allocate(this, block)
        start = frame * BLOCK_BYTES
        this.#read(bytes, start, index.positions[block]!, length)
        index.frames[block] = frame
      } else {
        start = frame * BLOCK_BYTES
        this.#cache.touch(frame)
      }
    }
    return this.#search(bytes, start, start + length, key, keyLength)
  }

  #search(bytes: Buffer, start: number, end: number, key: Buffer, keyLength: number): boolean {
    const count = bytes[end - 6]! | (bytes[end - 5]! << 8)
    const offsets = end - 6 - 2 * count
    let low = 0
    let high = count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const place = offsets + 2 * middle
      let at = start + (bytes[place]! | (bytes[place + 1]! << 8))
      let length = bytes[at++]!
      if (length >= 0x80) {
        length &= 0x7f
        let byte: number
        let shift = 7
        do {
          byte = bytes[at++]!
          length |= (byte & 0x7f) << shift
          shift += 7
        } while (byte >= 0x80)
      }
      let value = bytes[at++]!
      if (value >= 0x80) {
        value &= 0x7f
        let byte: number
        let shift = 7
        do {
          byte = bytes[at++]!
          value |= (byte & 0x7f) << shift
          shift += 7
        } while (byte >= 0x80)
      }
      const difference = compareBytes(bytes, at, length, key, 0, keyLength)
      if (difference === 0) {
        this.bytes = bytes
        this.valueStart = at + length
        this.valueLength = value - 1
        return true
      }
      if (difference < 0) low = middle + 1
      else high = middle - 1
    }
    return false
  }

  /** Reads a block and checks it. @internal */
  #read(target: Buffer, start: number, position: number, length: number): void {
    this.reader.read(target, start, length, position)
    checkBlock(this.name, target, start, length, position)
  }

  evicted(block: number): void {
    if (this.#index !== undefined) this.#index.frames[block] = -1
  }

  /** In memory from here on, until there is no room for it. */
  index(): TableIndex {
    const known = this.#index
    if (known !== undefined) {
      known.isUsed = true
      return known
    }
    const index = readTableIndex(this.name, this.reader, this.summary.sizeBytes, () =>
      this.#dropFrames(),
    )
    this.#index = index
    this.#cache.add(index)
    return index
  }

  #dropFrames(): void {
    const index = this.#index
    this.#index = undefined
    if (index === undefined) return
    for (const frame of index.frames) if (frame >= 0) this.#cache.free(frame)
  }

  #forgetIndex(): void {
    const index = this.#index
    if (index === undefined) return
    this.#dropFrames()
    this.#cache.remove(index)
  }
}

/** The first block whose last key is not below `key`; -1: there is none. */
export function findBlock(index: TableIndex, key: Buffer, keyLength: number): number {
  const { keys, keyStarts } = index
  let low = 0
  let high = keyStarts.length - 2
  const blocks = high + 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const start = keyStarts[middle]!
    const length = keyStarts[middle + 1]! - start
    if (compareBytes(keys, start, length, key, 0, keyLength) < 0) low = middle + 1
    else high = middle - 1
  }
  return low < blocks ? low : -1
}

/** @throws TableCorruptError if the checksum of a block does not agree */
export function checkBlock(
  name: string,
  bytes: Buffer,
  start: number,
  length: number,
  position: number,
): void {
  const end = start + length
  if (bytes.readUInt32LE(end - 4) !== crc32(bytes.subarray(start, end - 4))) {
    throw new TableCorruptError(name, position, 'the checksum of a block does not agree')
  }
}

/** @throws TableCorruptError if the end of the file is not that of a table */
export function readTableIndex(
  name: string,
  reader: TableFileReader,
  sizeBytes: number,
  evict: () => void,
): TableIndex {
  const corrupt = (found: string) => new TableCorruptError(name, sizeBytes, found)
  if (sizeBytes < FOOTER_BYTES) throw corrupt('it ends too early')
  const footer = Buffer.allocUnsafe(FOOTER_BYTES)
  reader.read(footer, 0, FOOTER_BYTES, sizeBytes - FOOTER_BYTES)
  const isTable = footer.subarray(28, 36).equals(TABLE_MAGIC)
  if (!isTable || footer.readUInt32LE(36) !== crc32(footer.subarray(0, 36))) {
    throw corrupt('its end is not that of a table')
  }
  const position = Number(footer.readBigUInt64LE(0))
  const indexBytes = footer.readUInt32LE(8)
  const filterBytes = footer.readUInt32LE(12)
  const blocks = footer.readUInt32LE(16)
  if (position + indexBytes + filterBytes + FOOTER_BYTES !== sizeBytes) {
    throw corrupt('its parts do not fill it')
  }
  const bytes = Buffer.allocUnsafeSlow(indexBytes + filterBytes)
  reader.read(bytes, 0, bytes.length, position)
  if (crc32(bytes) !== footer.readUInt32LE(24)) {
    throw corrupt('the checksum of its index does not agree')
  }
  const positions = new Float64Array(blocks + 1)
  const keyStarts = new Int32Array(blocks + 1)
  let [at, keyBytes, blockStart] = [0, 0, 0]
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  for (let block = 0; block < blocks; block++) {
    positions[block] = blockStart
    blockStart += varint()
    const length = varint()
    keyStarts[block] = keyBytes
    // Keys are moved together to where they are read from; never behind what is still to be read.
    bytes.copy(bytes, keyBytes, at, at + length)
    keyBytes += length
    at += length
  }
  positions[blocks] = blockStart
  keyStarts[blocks] = keyBytes
  return {
    positions,
    keys: bytes,
    keyStarts,
    filter: bytes.subarray(indexBytes),
    frames: new Int32Array(blocks).fill(-1),
    memoryBytes: bytes.length + 16 * blocks + 512,
    isUsed: true,
    evict,
  }
}
