import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { createBloomFilter } from './bloom-filter.js'
import { copyBytes, varintLength, writeVarint } from './bytes.js'
import { TOMBSTONE } from './cursor.js'
import { hashBytes } from './hash-bytes.js'
import type { TableFileWriter } from './table-files.js'
import {
  BLOCK_BYTES,
  BLOCK_TRAILER_BYTES,
  FOOTER_BYTES,
  TABLE_MAGIC,
  type TableSummary,
} from './table-format.js'

/** Bytes that are collected for one write. */
const WRITE_BYTES = 128 * 1024

/** Writes a table from entries in ascending order of their keys. */
export class TableWriter {
  readonly #file: TableFileWriter
  #out = Buffer.allocUnsafeSlow(WRITE_BYTES)
  #outUsed = 0
  #position = 0
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  #blockUsed = 0
  readonly #offsets: number[] = []
  #lastKey = Buffer.allocUnsafeSlow(256)
  #lastKeyLength = 0
  #smallestKey: Buffer | undefined
  #index = Buffer.allocUnsafeSlow(4096)
  #indexUsed = 0
  #blocks = 0
  #hashes = new Int32Array(1024)
  #entries = 0

  constructor(file: TableFileWriter) {
    this.#file = file
  }

  /** Bytes of the file so far, about. */
  get sizeBytes(): number {
    return this.#position + this.#blockUsed
  }

  get entries(): number {
    return this.#entries
  }

  add(
    key: Buffer,
    keyStart: number,
    keyLength: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
  ): void {
    const valueBytes = valueLength === TOMBSTONE ? 0 : valueLength
    const entryBytes =
      varintLength(keyLength) + varintLength(valueLength + 1) + keyLength + valueBytes
    const trailer = BLOCK_TRAILER_BYTES + 2 * (this.#offsets.length + 1)
    if (this.#blockUsed > 0 && this.#blockUsed + entryBytes + trailer > BLOCK_BYTES) {
      this.#endBlock()
    }
    if (entryBytes + BLOCK_TRAILER_BYTES + 2 > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(entryBytes + BLOCK_TRAILER_BYTES + 2)
    }
    this.#offsets.push(this.#blockUsed)
    let at = writeVarint(this.#block, this.#blockUsed, keyLength)
    at = writeVarint(this.#block, at, valueLength + 1)
    copyBytes(key, keyStart, this.#block, at, keyLength)
    copyBytes(value, valueStart, this.#block, at + keyLength, valueBytes)
    this.#blockUsed = at + keyLength + valueBytes
    this.#smallestKey ??= Buffer.from(key.subarray(keyStart, keyStart + keyLength))
    if (keyLength > this.#lastKey.length) this.#lastKey = Buffer.allocUnsafeSlow(keyLength * 2)
    copyBytes(key, keyStart, this.#lastKey, 0, keyLength)
    this.#lastKeyLength = keyLength
    if (this.#entries === this.#hashes.length) {
      const grown = new Int32Array(this.#hashes.length * 2)
      grown.set(this.#hashes)
      this.#hashes = grown
    }
    this.#hashes[this.#entries++] = hashBytes(key, keyStart, keyLength, 0)
  }

  /** Ends and closes the file. There must be an entry. */
  finish(): TableSummary {
    assert(this.#smallestKey !== undefined, 'a table has entries')
    this.#endBlock()
    const indexPosition = this.#position
    const index = this.#index.subarray(0, this.#indexUsed)
    const filter = createBloomFilter(this.#hashes.subarray(0, this.#entries))
    this.#write(index)
    this.#write(filter)
    const footer = Buffer.alloc(FOOTER_BYTES)
    footer.writeBigUInt64LE(BigInt(indexPosition), 0)
    footer.writeUInt32LE(index.length, 8)
    footer.writeUInt32LE(filter.length, 12)
    footer.writeUInt32LE(this.#blocks, 16)
    footer.writeUInt32LE(this.#entries, 20)
    footer.writeUInt32LE(crc32(filter, crc32(index)), 24)
    TABLE_MAGIC.copy(footer, 28)
    footer.writeUInt32LE(crc32(footer.subarray(0, 36)), 36)
    this.#write(footer)
    this.#flush()
    this.#file.close()
    return {
      sizeBytes: this.#position,
      entries: this.#entries,
      smallestKey: this.#smallestKey,
      largestKey: Buffer.from(this.#lastKey.subarray(0, this.#lastKeyLength)),
    }
  }

  #endBlock(): void {
    if (this.#blockUsed === 0) return
    const block = this.#block
    let at = this.#blockUsed
    for (const offset of this.#offsets) at = block.writeUInt16LE(offset, at)
    at = block.writeUInt16LE(this.#offsets.length, at)
    at = block.writeUInt32LE(crc32(block.subarray(0, at)), at)
    this.#write(block.subarray(0, at))
    this.#addToIndex(at)
    this.#offsets.length = 0
    this.#blockUsed = 0
  }

  /** Of each block: varint length, varint n, n bytes of its last key. */
  #addToIndex(blockBytes: number): void {
    const needed = this.#indexUsed + 10 + this.#lastKeyLength
    if (needed > this.#index.length) {
      const grown = Buffer.allocUnsafeSlow(needed * 2)
      this.#index.copy(grown, 0, 0, this.#indexUsed)
      this.#index = grown
    }
    let at = writeVarint(this.#index, this.#indexUsed, blockBytes)
    at = writeVarint(this.#index, at, this.#lastKeyLength)
    copyBytes(this.#lastKey, 0, this.#index, at, this.#lastKeyLength)
    this.#indexUsed = at + this.#lastKeyLength
    this.#blocks++
  }

  #write(bytes: Buffer): void {
    this.#position += bytes.length
    if (this.#outUsed + bytes.length > this.#out.length) {
      this.#flush()
      if (bytes.length > this.#out.length) {
        this.#file.write(bytes)
        return
      }
    }
    bytes.copy(this.#out, this.#outUsed)
    this.#outUsed += bytes.length
  }

  #flush(): void {
    if (this.#outUsed > 0) this.#file.write(this.#out.subarray(0, this.#outUsed))
    this.#outUsed = 0
  }
}
