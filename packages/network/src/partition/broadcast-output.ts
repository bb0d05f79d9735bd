import { SlotFlags } from '../buffer/buffer-queue.js'
import { NO_SEGMENT } from '../buffer/network-buffer-pool.js'
import type { SegmentView } from '../buffer/segment-view.js'
import type { ChannelOutput } from './channel-output.js'
import type { SubpartitionOutput, SubpartitionOwner } from './subpartition-output.js'

/**
 * Writes once what all subpartitions carry: their queues hold the same segments, and the last consumer
 * of one gives it back. The subpartitions share the view.
 */
export class BroadcastOutput implements ChannelOutput {
  readonly index = 0
  readonly view: SegmentView
  readonly #outputs: readonly SubpartitionOutput[]
  readonly #owner: SubpartitionOwner
  #numRecords = 0
  #fullBytes = 0

  constructor(outputs: readonly SubpartitionOutput[], owner: SubpartitionOwner, view: SegmentView) {
    this.#outputs = outputs
    this.#owner = owner
    this.view = view
  }

  get numRecords(): number {
    return this.#numRecords
  }

  set numRecords(count: number) {
    this.#numRecords = count
    for (const output of this.#outputs) output.numRecords = count
  }

  nextBuffer(flags: number): void {
    this.#finish()
    const { pool } = this.#owner
    const segment = this.#owner.acquireShared()
    if (segment === NO_SEGMENT) {
      const nowhere = Buffer.alloc(pool.segmentBytes)
      this.#fullBytes = nowhere.length
      this.view.set(nowhere, new DataView(nowhere.buffer), 0, nowhere.length)
      return
    }
    const live = this.#outputs.filter((output) => !output.isAbandoned)
    let limit = pool.segmentBytes
    for (const output of live) limit = Math.min(limit, output.bufferBytes)
    this.#fullBytes = limit
    let stage = live.length === 0 ? limit : 0
    for (const output of live) stage = Math.max(stage, output.firstStage(limit))
    this.view.set(pool.buffer(segment), pool.dataView(segment), 0, stage)
    pool.share(segment, Math.max(1, live.length))
    for (const output of live) output.openShared(segment, flags | SlotFlags.shared)
    // All went between the two looks: nobody else will give it back.
    if (live.length === 0) pool.recycle(segment)
  }

  extend(): boolean {
    // Nothing is open in an empty view.
    if (this.view.limit === 0 || this.view.limit >= this.#fullBytes) return false
    this.flush()
    this.view.limit = this.#fullBytes
    return true
  }

  flush(): void {
    for (const output of this.#outputs) output.flush()
  }

  writeEvent(bytes: Uint8Array, flags: number): void {
    this.#finish()
    for (const output of this.#outputs) output.writeEvent(bytes, flags)
  }

  writePriorityEvent(bytes: Uint8Array): void {
    // One that finds its lane full goes behind what is open, which then has to end for all.
    if (!this.#outputs.every((output) => output.isAbandoned || output.queue.canPushPriority)) {
      this.writeEvent(bytes, 0)
      return
    }
    for (const output of this.#outputs) output.writePriorityEvent(bytes)
  }

  #finish(): void {
    const length = this.view.position
    for (const output of this.#outputs) output.finishShared(length)
    this.view.clear()
  }
}
