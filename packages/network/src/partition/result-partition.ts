import {
  type BlockingPartitionHandle,
  BlockingResultPartition,
} from '../blocking/blocking-result-partition.js'
import type { BufferQueueHandle } from '../buffer/buffer-queue.js'
import { type NetworkBufferPool, NO_SEGMENT } from '../buffer/network-buffer-pool.js'
import { QueueProducer } from '../buffer/queue-producer.js'
import { SegmentView } from '../buffer/segment-view.js'
import type { NetworkContext } from '../environment/network-context.js'
import { type BufferWaitStrategy, inlineBufferWait } from '../wakeup/buffer-wait-strategy.js'
import type { Doorbell } from '../wakeup/doorbell.js'
import { BroadcastOutput } from './broadcast-output.js'
import type { ChannelOutput, WritablePartition } from './channel-output.js'
import { SubpartitionOutput, type SubpartitionOwner } from './subpartition-output.js'

/** Cloneable form of a result partition, made by the ShuffleEnvironment. */
export type ResultPartitionHandle = PipelinedPartitionHandle | BlockingPartitionHandle

/** Of a partition that is read while it is written. */
export interface PipelinedPartitionHandle {
  readonly partitionId: string
  readonly ownerName: string
  readonly bell: number
  readonly queues: readonly BufferQueueHandle[]
  /** Int32: how many buffers the partition may use now; redistributed by the environment. */
  readonly quota: SharedArrayBuffer
  /** Given: all subpartitions carry the same segments, which belong to this owner. */
  readonly sharedOwnerId?: number
  /** Queued buffers of one subpartition from which on the partition is not available. */
  readonly maxBuffersPerSubpartition: number
  readonly maxOverdraftBuffers: number
}

export interface ResultPartitionOptions {
  /** Default: {@link inlineBufferWait}, which works in the environment's own thread only. */
  readonly waitStrategy?: BufferWaitStrategy
  /**
   * Consumers see buffers when they are finished, not before, so that a checkpoint may store them by number. Default false. Without
   * effect where all subpartitions carry the same.
   */
  readonly sendsWhole?: boolean
}

/** What one subtask writes, as its thread sees it. Used by one thread. */
export class ResultPartition implements SubpartitionOwner, WritablePartition {
  readonly partitionId: string
  readonly pool: NetworkBufferPool
  readonly outputs: readonly ChannelOutput[]
  readonly #subpartitions: readonly SubpartitionOutput[]
  readonly #isBroadcast: boolean
  readonly #handle: PipelinedPartitionHandle
  readonly #context: NetworkContext
  readonly #quota: Int32Array
  readonly #doorbell: Doorbell
  readonly #waitStrategy: BufferWaitStrategy
  #isAvailable = true
  /** Never below the true number of buffers in use; counted anew when it meets the quota. */
  #usedAtMost = 0
  #callback: (() => void) | undefined
  #awaited: { readonly isTaken: () => boolean; readonly callback: () => void } | undefined

  private constructor(
    handle: PipelinedPartitionHandle,
    context: NetworkContext,
    options: ResultPartitionOptions,
  ) {
    this.partitionId = handle.partitionId
    this.pool = context.pool
    this.#handle = handle
    this.#context = context
    this.#quota = new Int32Array(handle.quota)
    this.#doorbell = context.doorbells.doorbell(handle.bell)
    this.#waitStrategy = options.waitStrategy ?? inlineBufferWait
    this.#isBroadcast = handle.sharedOwnerId !== undefined
    const shared = this.#isBroadcast ? new SegmentView() : undefined
    this.#subpartitions = handle.queues.map((queue, index) => {
      const producer = new QueueProducer(queue, context.doorbells, handle.bell)
      const { sendsWhole = false } = options
      return new SubpartitionOutput(index, producer, this, { sharedView: shared, sendsWhole })
    })
    this.outputs =
      shared === undefined
        ? this.#subpartitions
        : [new BroadcastOutput(this.#subpartitions, this, shared)]
  }

  /** Takes the producer's end. Once per handle. */
  static attach(
    handle: ResultPartitionHandle,
    context: NetworkContext,
    options: ResultPartitionOptions = {},
  ): WritablePartition {
    if (!('queues' in handle)) {
      const waitStrategy = options.waitStrategy ?? inlineBufferWait
      return new BlockingResultPartition(handle, context, waitStrategy)
    }
    return new ResultPartition(handle, context, options)
  }

  get numberOfSubpartitions(): number {
    return this.#subpartitions.length
  }

  /**
   * Whether the next input may be processed: a buffer is free within the quota and no subpartition
   * has too many queued. Cheap while it is so.
   */
  isAvailable(): boolean {
    if (!this.#isAvailable) this.#isAvailable = this.#checkAvailable()
    return this.#isAvailable
  }

  /** Calls `callback` once when the partition is available, never synchronously. Replaces an earlier one. */
  onAvailable(callback: () => void): void {
    this.#callback = callback
    if (!this.isAvailable() && !this.#hasOverflow()) this.#waitBriefly()
    if (this.isAvailable() && !this.#hasOverflow()) {
      this.#doorbell.callSoon(this.#onRing)
      return
    }
    this.#listen()
    if (this.isAvailable()) this.#doorbell.ringSelf()
  }

  /** Shows the consumers all that was written. */
  flushAll(): void {
    for (const output of this.outputs) output.flush()
  }

  onTaken(isTaken: () => boolean, callback: () => void): void {
    this.#awaited = { isTaken, callback }
    this.#listen()
    if (isTaken()) this.#doorbell.ringSelf()
  }

  /** The task stops using the partition. What was handed over stays for the consumers. */
  close(): void {
    this.#callback = undefined
    this.#awaited = undefined
    if (!this.#hasOverflow()) this.#doorbell.disarm()
  }

  /** @internal */
  acquireSegment(output: SubpartitionOutput): number {
    for (;;) {
      if (output.isAbandoned) return NO_SEGMENT
      const segment = this.#tryAcquire(output)
      if (segment !== NO_SEGMENT) return segment
      // What is not shown cannot be consumed, and so would never be given back.
      this.flushAll()
      if (!this.#await(() => output.isAbandoned || this.#mayAcquire(output))) {
        return this.pool.requestHeap(output.queue.queueId)
      }
    }
  }

  /** @internal */
  acquireShared(): number {
    const owner = this.#handle.sharedOwnerId!
    for (;;) {
      const live = this.#subpartitions.filter((output) => !output.isAbandoned)
      if (live.length === 0) return NO_SEGMENT
      const overdraft = this.#handle.maxOverdraftBuffers
      const isWithin = () =>
        live.every((output) => output.isAbandoned || this.#isWithin(output, overdraft))
      const segment = isWithin() ? this.pool.request(owner) : NO_SEGMENT
      if (segment !== NO_SEGMENT) {
        this.#usedAtMost++
        // Counted anew before the next input.
        this.#isAvailable = false
        return segment
      }
      this.#isAvailable = false
      this.flushAll()
      if (!this.#await(() => isWithin() && this.pool.hasFree())) return this.pool.requestHeap(owner)
    }
  }

  /** @internal */
  awaitRoom(output: SubpartitionOutput): boolean {
    this.flushAll()
    return this.#await(() => output.isAbandoned || output.queue.hasRoom())
  }

  /** @internal */
  overflowed(): void {
    this.#isAvailable = false
    this.#listen()
  }

  #tryAcquire(output: SubpartitionOutput): number {
    if (!this.#isWithin(output, this.#handle.maxOverdraftBuffers)) return NO_SEGMENT
    const segment = this.pool.request(output.queue.queueId)
    if (segment === NO_SEGMENT) {
      this.#isAvailable = false
      return NO_SEGMENT
    }
    this.#usedAtMost++
    // The one just taken counts as queued as soon as it is opened.
    const queued = output.queued() + 1
    if (queued >= this.#handle.maxBuffersPerSubpartition) this.#isAvailable = false
    if (this.#usedAtMost >= this.#quotaNow() && this.#countUsed() + 1 >= this.#quotaNow()) {
      this.#isAvailable = false
    }
    return segment
  }

  #mayAcquire(output: SubpartitionOutput): boolean {
    return this.#isWithin(output, this.#handle.maxOverdraftBuffers) && this.pool.hasFree()
  }

  /** Whether one more buffer for `output` keeps to the limits plus `overdraft`. */
  #isWithin(output: SubpartitionOutput, overdraft: number): boolean {
    if (output.hasOverflow || !output.queue.hasRoom()) return false
    if (output.queued() >= this.#handle.maxBuffersPerSubpartition + overdraft) return false
    const limit = this.#quotaNow() + overdraft
    return this.#usedAtMost < limit || this.#countUsed() < limit
  }

  #countUsed(): number {
    let used = 0
    for (const output of this.#subpartitions) used = this.#plus(used, output.queued())
    this.#usedAtMost = used
    return used
  }

  /** Segments of all outputs so far and of one more. */
  #plus(used: number, queued: number): number {
    return this.#isBroadcast ? Math.max(used, queued) : used + queued
  }

  #quotaNow(): number {
    return Atomics.load(this.#quota, 0)
  }

  #checkAvailable(): boolean {
    if (!this.pool.hasFree()) return false
    let used = 0
    for (const output of this.#subpartitions) {
      const queued = output.queued()
      if (queued >= this.#handle.maxBuffersPerSubpartition) return false
      used = this.#plus(used, queued)
    }
    this.#usedAtMost = used
    return used < this.#quotaNow()
  }

  #await(ready: () => boolean): boolean {
    const doorbells = this.#context.doorbells
    doorbells.setPoolWaiter(this.#handle.bell, true)
    try {
      return this.#waitStrategy.await(this.#doorbell, ready)
    } finally {
      doorbells.setPoolWaiter(this.#handle.bell, this.#isListeningToPool)
    }
  }

  /** For a task's own thread: it can do nothing else while its output is full. */
  #waitBriefly(): void {
    const { doorbells, pool } = this.#context
    const isPoolWaiter = !pool.hasFree()
    if (isPoolWaiter) doorbells.setPoolWaiter(this.#handle.bell, true)
    this.#doorbell.waitBriefly(this.#isAvailableNow)
    if (isPoolWaiter) doorbells.setPoolWaiter(this.#handle.bell, this.#isListeningToPool)
  }

  readonly #isAvailableNow = (): boolean => this.isAvailable()

  #isListeningToPool = false

  #listen(): void {
    this.#isListeningToPool = this.#callback !== undefined && !this.pool.hasFree()
    this.#context.doorbells.setPoolWaiter(this.#handle.bell, this.#isListeningToPool)
    this.#doorbell.arm(this.#onRing)
    if (this.#isListeningToPool && this.pool.hasFree()) this.#doorbell.ringSelf()
  }

  readonly #onRing = (): void => {
    this.#drainOverflow()
    const callback = this.#callback
    const isAvailable = callback !== undefined && this.isAvailable()
    if (isAvailable) this.#callback = undefined
    const taken = this.#awaited?.isTaken() === true ? this.#awaited : undefined
    if (taken !== undefined) this.#awaited = undefined
    if (this.#callback !== undefined || this.#awaited !== undefined || this.#hasOverflow()) {
      this.#listen()
      // Between the look above and the arming something may have been given back.
      if (this.#canGoOn()) this.#doorbell.ringSelf()
    } else if (this.#isListeningToPool) {
      this.#isListeningToPool = false
      this.#context.doorbells.setPoolWaiter(this.#handle.bell, false)
    }
    taken?.callback()
    if (isAvailable) callback()
  }

  #canGoOn(): boolean {
    if (this.#callback !== undefined && this.isAvailable()) return true
    if (this.#awaited?.isTaken() === true) return true
    return this.#subpartitions.some(
      (output) => output.hasOverflow && (output.isAbandoned || output.queue.hasRoom()),
    )
  }

  #hasOverflow(): boolean {
    return this.#subpartitions.some((output) => output.hasOverflow)
  }

  #drainOverflow(): void {
    for (const output of this.#subpartitions) if (output.hasOverflow) output.drainOverflow()
  }
}
