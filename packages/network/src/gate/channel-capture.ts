import { SlotFlags } from '../buffer/buffer-queue.js'
import type { CopiedSlot, SlotSequence } from '../buffer/slot-copy.js'
import { ElementTag, SPANNING_START_BYTES } from '../element/element-tags.js'

/** What a channel held when a checkpoint was taken, and what came until its barrier. */
export interface CapturedChannel {
  /** Slots before it had been processed. */
  readonly from: number
  /** Ascending by number; events without bytes. */
  readonly slots: readonly CopiedSlot[]
  /** Elements of the first slot that were processed before. */
  readonly skip: number
}

/** Collects what a channel has in flight, from the moment of the checkpoint on. */
export class ChannelCapture {
  readonly #source: SlotSequence
  readonly #from: number
  #slots: CopiedSlot[] = []
  readonly #skip: number
  #next: number
  #hasEnded = false
  #limit = Number.POSITIVE_INFINITY
  /** All before it must be here. */
  #neededUntil = Number.POSITIVE_INFINITY

  /**
   * @param partial of an element of which only some chunks have come
   * @param processed elements of the slot at the cursor
   */
  constructor(
    source: SlotSequence,
    partial: { readonly totalBytes: number; readonly bytes: Buffer } | undefined,
    processed: number,
  ) {
    this.#source = source
    this.#skip = processed
    this.#from = source.cursorNumber
    this.#next = this.#from
    if (partial !== undefined) {
      const head = Buffer.alloc(SPANNING_START_BYTES)
      head[0] = ElementTag.spanningStart
      head.writeUInt32LE(partial.totalBytes, 1)
      head.writeUInt32LE(partial.bytes.length, 5)
      const bytes = Buffer.concat([head, partial.bytes])
      this.#slots.push({ number: this.#from - 1, flags: SlotFlags.reset, bytes })
    }
    this.takeQueued()
  }

  /** Takes what has come. To be called before a slot is read. */
  takeQueued(): void {
    const until = Math.min(this.#source.tailNumber, this.#limit)
    for (; this.#next < until && this.#source.isWhole(this.#next); this.#next++) {
      const copy = this.#source.copySlot(this.#next)
      const isEvent = (copy.flags & SlotFlags.event) !== 0
      this.#slots.push(isEvent ? { ...copy, bytes: Buffer.alloc(0) } : copy)
    }
  }

  /**
   * The barrier is here, or the end of the channel; what comes second does not count.
   *
   * @param overtaken what it has overtaken; undefined: nothing, it was the slot before the cursor
   */
  end(overtaken: { readonly from: number; readonly until: number } | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#limit = overtaken?.until ?? this.#source.cursorNumber - 1
    this.#neededUntil = overtaken?.from ?? 0
    this.#slots = this.#slots.filter(({ number }) => number < this.#limit)
    this.takeQueued()
  }

  /** Whether all is here that the sender has not stored. */
  get isComplete(): boolean {
    return this.#next >= this.#neededUntil
  }

  get captured(): CapturedChannel {
    return { from: this.#from, slots: this.#slots, skip: this.#skip }
  }
}
