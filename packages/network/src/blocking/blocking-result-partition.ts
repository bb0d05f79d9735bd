import assert from 'node:assert/strict'
import { PRODUCED, SlotFlags } from '../buffer/buffer-queue.js'
import { type NetworkBufferPool, NO_SEGMENT } from '../buffer/network-buffer-pool.js'
import { SegmentView } from '../buffer/segment-view.js'
import type { NetworkContext } from '../environment/network-context.js'
import type { ChannelOutput, WritablePartition } from '../partition/channel-output.js'
import type { BufferWaitStrategy } from '../wakeup/buffer-wait-strategy.js'
import { PartitionFileWriter } from './partition-files.js'

/** Cloneable form of a blocking partition, made by the ShuffleEnvironment. */
export interface BlockingPartitionHandle {
  readonly partitionId: string
  readonly ownerName: string
  readonly bell: number
  readonly folder: string
  readonly numberOfSubpartitions: number
  /** Stored once, read by all. */
  readonly isBroadcast: boolean
  /** One file whose regions are sorted by subpartition; otherwise a file for each. */
  readonly isSorted: boolean
  readonly isCompressed: boolean
  /** Owner of its segments in the pool. */
  readonly ownerId: number
  readonly sortBuffers: number
  /** Float64: counters of each subpartition, as a queue has them. */
  readonly counters: readonly SharedArrayBuffer[]
}

const LEAST_CHUNK_BYTES = 1024
const CHUNKS_PER_SEGMENT = 8

/** A piece of a segment, filled with whole elements of one subpartition. */
interface Chunk {
  readonly segment: number
  readonly offset: number
  length: number
}

/**
 * Writes a task's output into files, which can be read when it has ended, as often as one likes.
 *
 * With few subpartitions each fills a buffer of its own and has a file of its own. With many they
 * share a bounded number of buffers in small chunks; when all are full, these go into the one file, sorted
 * by subpartition, as a region. Elements stay whole within blocks and in order within subpartitions.
 */
export class BlockingResultPartition implements WritablePartition {
  readonly partitionId: string
  readonly numberOfSubpartitions: number
  readonly outputs: readonly BlockingOutput[]
  readonly pool: NetworkBufferPool
  readonly #handle: BlockingPartitionHandle
  readonly #writer: PartitionFileWriter
  readonly #context: NetworkContext
  readonly #waitStrategy: BufferWaitStrategy
  readonly chunkBytes: number
  #freeChunks: Chunk[] = []
  #segments: number[] = []
  #ended = 0

  constructor(
    handle: BlockingPartitionHandle,
    context: NetworkContext,
    waitStrategy: BufferWaitStrategy,
  ) {
    this.partitionId = handle.partitionId
    this.numberOfSubpartitions = handle.numberOfSubpartitions
    this.pool = context.pool
    this.#handle = handle
    this.#context = context
    this.#waitStrategy = waitStrategy
    const stored = handle.isBroadcast ? 1 : handle.numberOfSubpartitions
    const { segmentBytes } = context.pool
    this.chunkBytes = handle.isSorted
      ? Math.min(segmentBytes, Math.max(LEAST_CHUNK_BYTES, segmentBytes / CHUNKS_PER_SEGMENT))
      : segmentBytes
    this.#writer = new PartitionFileWriter({
      folder: handle.folder,
      partitionId: handle.partitionId,
      numberOfSubpartitions: stored,
      isOneFile: handle.isSorted,
      isCompressed: handle.isCompressed,
      maxBlockBytes: segmentBytes,
    })
    this.outputs = Array.from({ length: stored }, (_, index) => new BlockingOutput(index, this))
  }

  isAvailable(): boolean {
    return true
  }

  onAvailable(callback: () => void): void {
    queueMicrotask(callback)
  }

  flushAll(): void {
    for (const output of this.outputs) output.flush()
  }

  close(): void {
    this.#writer.close()
    for (const segment of this.#segments.splice(0)) this.pool.recycle(segment)
    this.#freeChunks = []
  }

  /** @internal Memory for the next elements of `output`. */
  acquire(output: BlockingOutput): Chunk {
    if (!this.#handle.isSorted) {
      const own = output.takeOwn()
      if (own !== undefined) return own
      return { segment: this.#request(), offset: 0, length: 0 }
    }
    if (this.#freeChunks.length === 0 && this.#segments.length < this.#handle.sortBuffers) {
      this.#cut(this.#request())
    }
    if (this.#freeChunks.length === 0) this.#writeRegion()
    const chunk = this.#freeChunks.pop()
    assert(chunk !== undefined, 'a region that was written leaves chunks')
    return chunk
  }

  /** @internal `output` has filled a chunk. @returns whether it keeps it until the region is written */
  filled(output: BlockingOutput, chunk: Chunk): boolean {
    if (this.#handle.isSorted) return true
    this.append(output.index, this.#bytes(chunk), 0)
    return false
  }

  /** @internal */
  append(subpartition: number, bytes: Buffer, flags: number): void {
    if (bytes.length === 0) return
    this.#writer.append(subpartition, bytes, flags)
    const { counters } = this.#handle
    // What is stored once is counted for each that will read it.
    const first = this.#handle.isBroadcast ? 0 : subpartition
    const last = this.#handle.isBroadcast ? counters.length - 1 : subpartition
    for (let index = first; index <= last; index++) {
      const values = new Float64Array(counters[index]!)
      values[PRODUCED] = this.outputs[subpartition]!.numRecords
      values[PRODUCED + 1]! += bytes.length
      values[PRODUCED + 2]! += 1
    }
  }

  /** @internal An output has its end: after the last the partition can be read. */
  ended(output: BlockingOutput, bytes: Buffer, flags: number): void {
    if (this.#handle.isSorted) this.#writeRegion()
    this.append(output.index, bytes, flags)
    if ((flags & SlotFlags.endOfPartition) !== 0 && ++this.#ended === this.outputs.length) {
      this.#writer.finish()
    }
  }

  #request(): number {
    const { ownerId, bell } = this.#handle
    let segment = this.pool.request(ownerId)
    if (segment === NO_SEGMENT) {
      const { doorbells } = this.#context
      doorbells.setPoolWaiter(bell, true)
      try {
        const doorbell = doorbells.doorbell(bell)
        const hasFree = () => {
          segment = this.pool.request(ownerId)
          return segment !== NO_SEGMENT
        }
        if (!this.#waitStrategy.await(doorbell, hasFree)) segment = this.pool.requestHeap(ownerId)
      } finally {
        doorbells.setPoolWaiter(bell, false)
      }
    }
    this.#segments.push(segment)
    return segment
  }

  #cut(segment: number): void {
    const { chunkBytes } = this
    for (let offset = 0; offset + chunkBytes <= this.pool.segmentBytes; offset += chunkBytes) {
      this.#freeChunks.push({ segment, offset, length: 0 })
    }
  }

  /** All that is in memory goes into the file, subpartition by subpartition, in blocks as large as a buffer. */
  #writeRegion(): void {
    const block = Buffer.allocUnsafe(this.pool.segmentBytes)
    for (const output of this.outputs) {
      let length = 0
      for (const chunk of output.takeAll()) {
        const bytes = this.#bytes(chunk)
        if (length + bytes.length > block.length) {
          this.append(output.index, block.subarray(0, length), 0)
          length = 0
        }
        length += bytes.copy(block, length)
        this.#freeChunks.push({ ...chunk, length: 0 })
      }
      this.append(output.index, block.subarray(0, length), 0)
    }
  }

  #bytes({ segment, offset, length }: Chunk): Buffer {
    return this.pool.buffer(segment).subarray(offset, offset + length)
  }
}

class BlockingOutput implements ChannelOutput {
  readonly index: number
  readonly view = new SegmentView()
  numRecords = 0
  readonly #partition: BlockingResultPartition
  #open: Chunk | undefined
  #full: Chunk[] = []
  #own: Chunk | undefined

  constructor(index: number, partition: BlockingResultPartition) {
    this.index = index
    this.#partition = partition
  }

  nextBuffer(): void {
    this.#finish()
    const chunk = this.#partition.acquire(this)
    const { pool, chunkBytes } = this.#partition
    const bytes = pool.buffer(chunk.segment).subarray(chunk.offset, chunk.offset + chunkBytes)
    this.#open = chunk
    this.view.set(
      bytes,
      new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      0,
      bytes.length,
    )
  }

  /** Buffers are open to their end. */
  extend(): boolean {
    return false
  }

  /** Nobody reads before the end: there is nothing to show. */
  flush(): void {}

  writeEvent(bytes: Uint8Array, flags: number): void {
    this.#finish()
    this.#partition.ended(this, Buffer.from(bytes), flags | SlotFlags.event)
  }

  /** Nobody reads yet: there is nothing to overtake. */
  writePriorityEvent(bytes: Uint8Array): void {
    this.writeEvent(bytes, 0)
  }

  takeOwn(): Chunk | undefined {
    return this.#own
  }

  /** Everything that is kept, in order; nothing is open afterwards. */
  takeAll(): Chunk[] {
    this.#finish()
    return this.#full.splice(0)
  }

  #finish(): void {
    const chunk = this.#open
    if (chunk === undefined) return
    this.#open = undefined
    chunk.length = this.view.position
    this.view.clear()
    if (this.#partition.filled(this, chunk)) this.#full.push(chunk)
    else this.#own = chunk
  }
}
