import assert from 'node:assert/strict'
import {
  DynamicSerializer,
  hashKey,
  InputBuffer,
  OutputBuffer,
  type SerializerRegistry,
} from '@flink-ts/core'
import type { SpillFile, SpillFiles } from '@flink-ts/runtime/program'
import type { AggregationCell, AggregationTable } from './aggregation-table.js'

/** Bytes of a block, the unit of writing and reading; a larger record makes a larger one. */
export const SPILL_BLOCK_BYTES = 64 * 1024
const LARGEST_BLOCK_BYTES = 2 ** 30
const PARTITION_BITS = 5
const PARTITIONS = 1 << PARTITION_BITS
/** The key map splits by the lowest bits of the hash: partitions are told apart by the highest. */
const FIRST_SHIFT = 32 - PARTITION_BITS
/** Levels that the bits of a hash suffice for. */
const LEVELS = Math.floor(32 / PARTITION_BITS)

interface Block {
  readonly offset: number
  readonly length: number
}

/** What to make the partitions of all levels with. */
export interface SpillSettings {
  readonly spillFiles: SpillFiles
  /** Of the program's own classes. */
  readonly serializers?: SerializerRegistry
}

/**
 * Keys and values that did not fit into memory, in one file, divided by the keys' hashes: all that is known of a key
 * is in one partition. Each level divides by other bits of the hash, so that a partition that does not fit either can be
 * divided again.
 */
export class SpilledPartitions {
  readonly #level: number
  readonly #settings: SpillSettings
  readonly #serializer: DynamicSerializer
  readonly #file: SpillFile
  readonly #blocks: Block[][] = Array.from({ length: PARTITIONS }, () => [])
  /** Memory for the block that is written. */
  #output = new OutputBuffer()
  /** Memory for the block that is read. */
  #input = Buffer.alloc(0)
  #bytes = 0

  /** @throws SpillFileError */
  constructor(settings: SpillSettings, level = 0) {
    assert(level < LEVELS, 'a hash has bits for so many levels')
    this.#level = level
    this.#settings = settings
    const { serializers } = settings
    this.#serializer = new DynamicSerializer(
      serializers === undefined ? {} : { registry: serializers },
    )
    this.#file = settings.spillFiles.create()
  }

  /** Bytes that were written so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Indexes of the partitions that hold anything. */
  get nonEmpty(): number[] {
    return this.#blocks.flatMap((blocks, partition) => (blocks.length === 0 ? [] : partition))
  }

  /** Partitions that divide one of these; undefined: nothing is left to tell its keys apart by. */
  nextLevel(): SpilledPartitions | undefined {
    if (this.#level + 1 === LEVELS) return undefined
    return new SpilledPartitions(this.#settings, this.#level + 1)
  }

  /**
   * Moves all that is in the table here.
   *
   * @throws SpillFileError, UnserializableValueError
   */
  takeFrom(table: AggregationTable): void {
    const cells: AggregationCell[][] = Array.from({ length: PARTITIONS }, () => [])
    const shift = FIRST_SHIFT - this.#level * PARTITION_BITS
    table.forEach((cell) => {
      cells[(hashKey(cell.key) >>> shift) & (PARTITIONS - 1)]!.push(cell)
    })
    for (let i = 0; i < PARTITIONS; i++) this.#write(cells[i]!, this.#blocks[i]!)
    table.clear()
  }

  /** Calls `visit` for all that was written into a partition, in that order. @throws SpillFileError */
  read(partition: number, visit: (key: unknown, value: unknown) => void): void {
    const decoder = this.#serializer.createDecoder()
    const input = new InputBuffer()
    for (const { offset, length } of this.#blocks[partition]!) {
      if (length > this.#input.length) {
        this.#input = Buffer.allocUnsafeSlow(Math.max(length, SPILL_BLOCK_BYTES))
      }
      const block = this.#input.subarray(0, length)
      this.#file.read(offset, block)
      input.wrap(block)
      while (input.remaining > 0) {
        const [key, value] = decoder.decode(input) as [unknown, unknown]
        visit(key, value)
      }
    }
  }

  /** Drops the file. Idempotent. */
  close(): void {
    this.#file.close()
    this.#output = new OutputBuffer()
    this.#input = Buffer.alloc(0)
  }

  #write(cells: readonly AggregationCell[], blocks: Block[]): void {
    if (cells.length === 0) return
    const encoder = this.#serializer.createEncoder()
    // What the partition has already was written with other tables.
    encoder.reset()
    if (this.#output.limit === 0) this.#output = OutputBuffer.allocate(SPILL_BLOCK_BYTES)
    const pair: [unknown, unknown] = [undefined, undefined]
    for (const { key, value } of cells) {
      pair[0] = key
      pair[1] = value
      if (encoder.tryEncode(pair, this.#output)) continue
      this.#append(blocks)
      while (!encoder.tryEncode(pair, this.#output)) {
        const larger = 2 * this.#output.limit
        assert(larger <= LARGEST_BLOCK_BYTES, 'a value that was in memory fits into a block')
        this.#output = OutputBuffer.allocate(larger)
      }
    }
    this.#append(blocks)
  }

  #append(blocks: Block[]): void {
    const bytes = this.#output.written()
    if (bytes.length === 0) return
    blocks.push({ offset: this.#file.append(bytes), length: bytes.length })
    this.#bytes += bytes.length
    this.#output.position = 0
  }
}
