import assert from 'node:assert/strict'
import {
  DynamicSerializer,
  hashKey,
  InputBuffer,
  OutputBuffer,
  type SerializerRegistry,
  type ValueEncoder,
} from '@flink-ts/core'
import type { SpillFile, SpillFiles } from '@flink-ts/runtime/program'
import type { AggregationTable } from './aggregation-table.js'

const LARGEST_BLOCK_BYTES = 2 ** 30
const PARTITION_BITS = 5
const PARTITIONS = 1 << PARTITION_BITS
/** The key map splits by the lowest bits of the hash: partitions are told apart by the highest. */
const FIRST_SHIFT = 32 - PARTITION_BITS
/** Levels that the bits of a hash suffice for. */
const LEVELS = Math.floor(32 / PARTITION_BITS)

/** Memory for the blocks of one level that are written and one that is read, in blocks. */
export const SPILL_BLOCKS = PARTITIONS + 2

/** What to make the partitions of all levels with. */
export interface SpillSettings {
  readonly spillFiles: SpillFiles
  /** Bytes of a block, the unit of writing and reading; a larger record makes a larger one. */
  readonly blockBytes: number
  /** Of the program's own classes. */
  readonly serializers?: SerializerRegistry
}

/** Takes what comes back: elements as they came, or what the elements of a key came to so far. */
export interface SpillVisitor {
  element(value: unknown): void
  result(key: unknown, value: unknown): void
}

interface Block {
  readonly offset: number
  readonly length: number
  readonly hasResults: boolean
}

interface Partition {
  readonly encoder: ValueEncoder
  readonly blocks: Block[]
  output: OutputBuffer
  hasResults: boolean
}

/**
 * What did not fit into memory, in one file, divided by the keys' hashes: all that is known of a key is in one partition. Each
 * level divides by other bits of the hash, so that a partition that does not fit either can be divided again.
 */
export class SpilledPartitions {
  readonly #level: number
  readonly #settings: SpillSettings
  readonly #serializer: DynamicSerializer
  readonly #file: SpillFile
  readonly #partitions: (Partition | undefined)[] = Array(PARTITIONS).fill(undefined)
  readonly #pair: [unknown, unknown] = [undefined, undefined]
  #bytes = 0

  /** @throws SpillFileError */
  constructor(settings: SpillSettings, level = 0) {
    assert(level < LEVELS, 'a hash has bits for so many levels')
    this.#level = level
    this.#settings = settings
    const { serializers } = settings
    // Keys are all different, and dictionaries of so many partitions would need more memory than they spare.
    this.#serializer = new DynamicSerializer({
      dictionary: false,
      ...(serializers === undefined ? {} : { registry: serializers }),
    })
    this.#file = settings.spillFiles.create()
  }

  /** Bytes that were written so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Partitions that divide one of these; undefined: nothing is left to tell its keys apart by. */
  nextLevel(): SpilledPartitions | undefined {
    if (this.#level + 1 === LEVELS) return undefined
    return new SpilledPartitions(this.#settings, this.#level + 1)
  }

  /** @throws SpillFileError, UnserializableValueError */
  addElement(key: unknown, value: unknown): void {
    this.#write(this.#partitionOf(key, false), value)
  }

  /** @throws SpillFileError, UnserializableValueError */
  addResult(key: unknown, value: unknown): void {
    this.#pair[0] = key
    this.#pair[1] = value
    this.#write(this.#partitionOf(key, true), this.#pair)
  }

  /** Moves all that is in the table here. @throws SpillFileError, UnserializableValueError */
  takeFrom(table: AggregationTable): void {
    table.forEach(({ key, value }) => {
      this.addResult(key, value)
    })
    table.clear()
  }

  /** Nothing more comes. @returns the partitions that hold anything @throws SpillFileError */
  finishWriting(): number[] {
    const numbers: number[] = []
    for (const [number, partition] of this.#partitions.entries()) {
      if (partition === undefined) continue
      this.#flush(partition)
      partition.output = new OutputBuffer()
      numbers.push(number)
    }
    return numbers
  }

  /** Hands out all that was written into a partition, in that order. @throws SpillFileError */
  read(number: number, visitor: SpillVisitor): void {
    const decoder = this.#serializer.createDecoder()
    const input = new InputBuffer()
    let memory = Buffer.alloc(0)
    for (const { offset, length, hasResults } of this.#partitions[number]!.blocks) {
      if (length > memory.length) {
        memory = Buffer.allocUnsafeSlow(Math.max(length, this.#settings.blockBytes))
      }
      const block = memory.subarray(0, length)
      this.#file.read(offset, block)
      input.wrap(block)
      while (input.remaining > 0) {
        const record = decoder.decode(input)
        if (hasResults) visitor.result((record as unknown[])[0], (record as unknown[])[1])
        else visitor.element(record)
      }
    }
  }

  /** Drops the file. Idempotent. */
  close(): void {
    this.#file.close()
    this.#partitions.fill(undefined)
  }

  #partitionOf(key: unknown, hasResults: boolean): Partition {
    const shift = FIRST_SHIFT - this.#level * PARTITION_BITS
    const number = (hashKey(key) >>> shift) & (PARTITIONS - 1)
    let partition = this.#partitions[number]
    if (partition === undefined) {
      const output = OutputBuffer.allocate(this.#settings.blockBytes)
      partition = { encoder: this.#serializer.createEncoder(), blocks: [], output, hasResults }
      this.#partitions[number] = partition
    } else if (partition.hasResults !== hasResults) {
      this.#flush(partition)
      partition.hasResults = hasResults
    }
    return partition
  }

  #write(partition: Partition, record: unknown): void {
    if (partition.encoder.tryEncode(record, partition.output)) return
    this.#flush(partition)
    let output = partition.output
    while (!partition.encoder.tryEncode(record, output)) {
      const larger = 2 * output.limit
      assert(larger <= LARGEST_BLOCK_BYTES, 'a value that was in memory fits into a block')
      output = OutputBuffer.allocate(larger)
    }
    if (output === partition.output) return
    this.#append(partition, output)
  }

  #flush(partition: Partition): void {
    this.#append(partition, partition.output)
    partition.output.position = 0
  }

  #append({ blocks, hasResults }: Partition, output: OutputBuffer): void {
    const bytes = output.written()
    if (bytes.length === 0) return
    blocks.push({ offset: this.#file.append(bytes), length: bytes.length, hasResults })
    this.#bytes += bytes.length
  }
}
