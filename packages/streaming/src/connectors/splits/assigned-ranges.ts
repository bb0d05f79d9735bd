import type { InputStatus, SourceReaderContext, SourceSplit } from '@flink-ts/core'
import { Availability } from './availability.js'

/** Whole numbers from `next` up to but not including `end`. */
export interface IndexRangeSplit extends SourceSplit {
  readonly next: number
  readonly end: number
}

/** The ranges that a reader was given, and how far it has come in the first of them. */
export class AssignedRanges {
  readonly #context: SourceReaderContext
  readonly #available = new Availability()
  #splits: IndexRangeSplit[] = []
  #noMore = false
  /** The index to read next in {@link current}; the reader counts it up. */
  next = 0

  constructor(context: SourceReaderContext) {
    this.#context = context
  }

  /** Undefined: there is nothing to read, see {@link statusWithout}. */
  get current(): IndexRangeSplit | undefined {
    return this.#splits[0]
  }

  /** Asks for ranges if there are none. */
  start(): void {
    if (this.#splits.length === 0) this.#context.sendSplitRequest()
  }

  /** How it stands while there is no {@link current}. */
  get statusWithout(): InputStatus {
    return this.#noMore ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE'
  }

  /** The reader has come to {@link next}: goes to another range when this one is done, and asks for more after the last. */
  advanced(): InputStatus {
    if (this.next < this.#splits[0]!.end) return 'MORE_AVAILABLE'
    this.#splits.shift()
    this.next = this.#splits[0]?.next ?? 0
    if (this.#splits.length > 0) return 'MORE_AVAILABLE'
    if (!this.#noMore) this.#context.sendSplitRequest()
    return this.statusWithout
  }

  /** Resolved if there is something to do, else when there is. @param limited not before {@link signal} */
  whenAvailable(limited = false): Promise<void> {
    return this.#available.wait(!limited && (this.#splits.length > 0 || this.#noMore))
  }

  signal(): void {
    this.#available.signal()
  }

  add(splits: readonly IndexRangeSplit[]): void {
    if (this.#splits.length === 0) this.next = splits[0]?.next ?? 0
    this.#splits.push(...splits)
    this.signal()
  }

  noMore(): void {
    this.#noMore = true
    this.signal()
  }

  snapshot(): IndexRangeSplit[] {
    return this.#splits.map((split, i) => (i === 0 ? { ...split, next: this.next } : split))
  }
}
