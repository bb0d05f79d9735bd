import {
  AdaptiveBatch,
  type InputStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
  type SourceSplit,
} from '@flink-ts/core'
import { Availability } from './availability.js'

/** Whole numbers from `next` up to but not including `end`. */
export interface IndexRangeSplit extends SourceSplit {
  readonly next: number
  readonly end: number
}

/** Most elements emitted in one turn. */
const BATCH_MAX = 256

/** Reads index ranges: emits `elementAt(index)` for each index of its splits. */
export class IndexRangeReader<T> implements SourceReader<T, IndexRangeSplit> {
  readonly #context: SourceReaderContext
  readonly #elementAt: (index: number) => T
  readonly #available = new Availability()
  readonly #batch: AdaptiveBatch
  #splits: IndexRangeSplit[] = []
  #next = 0
  #noMoreSplits = false

  constructor(context: SourceReaderContext, elementAt: (index: number) => T) {
    this.#context = context
    this.#elementAt = elementAt
    this.#batch = new AdaptiveBatch(context.clock, BATCH_MAX)
  }

  start(): void {
    if (this.#splits.length === 0) this.#context.sendSplitRequest()
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const split = this.#splits[0]
    if (split === undefined) return this.#noMoreSplits ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE'
    const end = Math.min(this.#next + this.#batch.begin(), split.end)
    for (let i = this.#next; i < end; i++) output.collect(this.#elementAt(i))
    this.#batch.end()
    this.#next = end
    if (end < split.end) return 'MORE_AVAILABLE'
    this.#splits.shift()
    this.#next = this.#splits[0]?.next ?? 0
    if (this.#splits.length > 0) return 'MORE_AVAILABLE'
    if (this.#noMoreSplits) return 'END_OF_INPUT'
    this.#context.sendSplitRequest()
    return 'NOTHING_AVAILABLE'
  }

  isAvailable(): Promise<void> {
    return this.#available.wait(this.#splits.length > 0 || this.#noMoreSplits)
  }

  addSplits(splits: IndexRangeSplit[]): void {
    if (this.#splits.length === 0) this.#next = splits[0]?.next ?? 0
    this.#splits.push(...splits)
    this.#available.signal()
  }

  notifyNoMoreSplits(): void {
    this.#noMoreSplits = true
    this.#available.signal()
  }

  snapshotState(): IndexRangeSplit[] {
    return this.#splits.map((split, i) => (i === 0 ? { ...split, next: this.#next } : split))
  }

  close(): void {}
}

/** `parts` ranges of about equal size that cover `count` indexes from `start` on; empty ones are left out. */
export function splitIndexRange(start: number, count: number, parts: number): IndexRangeSplit[] {
  const splits: IndexRangeSplit[] = []
  for (let i = 0; i < parts; i++) {
    const next = start + Math.floor((count / parts) * i)
    const end = i === parts - 1 ? start + count : start + Math.floor((count / parts) * (i + 1))
    if (next < end) splits.push({ splitId: String(i), next, end })
  }
  return splits
}
