import { compareBytes, keyGroupOf } from './bytes.js'
import { type Cursor, NO_BYTES } from './cursor.js'
import { checkBlock, findBlock, readTableIndex, type Table, type TableIndex } from './table.js'
import { BLOCK_BYTES } from './table-format.js'

/** Bytes that are read at once when much will be read. */
const READ_AHEAD_BYTES = 32 * BLOCK_BYTES

export interface TableCursorOptions {
  /** Key groups to show, both included; entries of others are passed over. */
  readonly firstKeyGroup: number
  readonly lastKeyGroup: number
  /** Where to begin: the first key that is not below these bytes. Default: the first one. */
  readonly from?: Buffer
  /** Whether much will be read: then it is read in large pieces. */
  readonly isLong: boolean
}

/** The entries of a table in order. It reads past the cache: what is read once would drive out what is read often. */
export class TableCursor implements Cursor {
  isValid = false
  keyBytes: Buffer = NO_BYTES
  keyStart = 0
  keyLength = 0
  valueBytes: Buffer = NO_BYTES
  valueStart = 0
  valueLength = 0
  readonly #table: Table
  readonly #index: TableIndex
  readonly #lastKeyGroup: number
  readonly #readAheadBytes: number
  #memory: Buffer = NO_BYTES
  /** Blocks `#firstRead` to before `#endRead` lie in the memory. */
  #firstRead = 0
  #endRead = 0
  #block = -1
  #blockStart = 0
  #offsets = 0
  #count = 0
  #at = 0
  #isClosed = false

  constructor(table: Table, options: TableCursorOptions) {
    this.#table = table.retain()
    this.#lastKeyGroup = options.lastKeyGroup
    this.#readAheadBytes = options.isLong ? READ_AHEAD_BYTES : BLOCK_BYTES
    this.#index = options.isLong
      ? readTableIndex(table.name, table.reader, table.summary.sizeBytes, () => {})
      : table.index()
    const first = Buffer.of(options.firstKeyGroup >>> 8, options.firstKeyGroup & 0xff)
    const from = options.from ?? first
    const block = findBlock(this.#index, from, from.length)
    if (block < 0) return
    this.#open(block)
    this.#at = this.#firstNotBelow(from)
    this.#show()
  }

  next(): void {
    this.#at++
    this.#show()
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.isValid = false
    this.#memory = NO_BYTES
    this.#table.release()
  }

  #open(block: number): void {
    const { positions } = this.#index
    if (block < this.#firstRead || block >= this.#endRead) this.#read(block)
    this.#block = block
    this.#blockStart = positions[block]! - positions[this.#firstRead]!
    const end = positions[block + 1]! - positions[this.#firstRead]!
    this.#count = this.#memory.readUInt16LE(end - 6)
    this.#offsets = end - 6 - 2 * this.#count
    this.#at = 0
  }

  #read(block: number): void {
    const { positions } = this.#index
    let end = block + 1
    while (
      end < positions.length - 1 &&
      positions[end + 1]! - positions[block]! <= this.#readAheadBytes
    ) {
      end++
    }
    const start = positions[block]!
    const length = positions[end]! - start
    if (this.#memory.length < length) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(length, this.#readAheadBytes))
    }
    this.#table.reader.read(this.#memory, 0, length, start)
    for (let i = block; i < end; i++) {
      const at = positions[i]! - start
      checkBlock(this.#table.name, this.#memory, at, positions[i + 1]! - start - at, positions[i]!)
    }
    this.#firstRead = block
    this.#endRead = end
  }

  #firstNotBelow(key: Buffer): number {
    let [low, high] = [0, this.#count - 1]
    while (low <= high) {
      const middle = (low + high) >>> 1
      this.#decode(middle)
      const { keyBytes, keyStart, keyLength } = this
      if (compareBytes(keyBytes, keyStart, keyLength, key, 0, key.length) < 0) low = middle + 1
      else high = middle - 1
    }
    return low
  }

  #show(): void {
    if (this.#at >= this.#count) {
      if (this.#block + 1 >= this.#index.positions.length - 1) {
        this.isValid = false
        return
      }
      this.#open(this.#block + 1)
    }
    this.#decode(this.#at)
    this.isValid = keyGroupOf(this.keyBytes, this.keyStart) <= this.#lastKeyGroup
  }

  #decode(number: number): void {
    const bytes = this.#memory
    const place = this.#offsets + 2 * number
    let at = this.#blockStart + (bytes[place]! | (bytes[place + 1]! << 8))
    let length = bytes[at++]!
    if (length >= 0x80) {
      length &= 0x7f
      for (let shift = 7, byte = 0x80; byte >= 0x80; shift += 7) {
        byte = bytes[at++]!
        length |= (byte & 0x7f) << shift
      }
    }
    let value = bytes[at++]!
    if (value >= 0x80) {
      value &= 0x7f
      for (let shift = 7, byte = 0x80; byte >= 0x80; shift += 7) {
        byte = bytes[at++]!
        value |= (byte & 0x7f) << shift
      }
    }
    this.keyBytes = bytes
    this.keyStart = at
    this.keyLength = length
    this.valueBytes = bytes
    this.valueStart = at + length
    this.valueLength = value - 1
  }
}
