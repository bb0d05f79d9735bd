import {
  AdaptiveBatch,
  type InputStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
} from '@flink-ts/core'
import { AssignedRanges, type IndexRangeSplit } from './assigned-ranges.js'

/** Most elements emitted in one turn. */
const BATCH_MAX = 256

/** Reads index ranges: emits `elementAt(index)` for each index of its splits. */
export class IndexRangeReader<T> implements SourceReader<T, IndexRangeSplit> {
  readonly #elementAt: (index: number) => T
  readonly #ranges: AssignedRanges
  readonly #batch: AdaptiveBatch

  constructor(context: SourceReaderContext, elementAt: (index: number) => T) {
    this.#elementAt = elementAt
    this.#ranges = new AssignedRanges(context)
    this.#batch = new AdaptiveBatch(context.clock, BATCH_MAX)
  }

  start(): void {
    this.#ranges.start()
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const ranges = this.#ranges
    const { current, next } = ranges
    if (current === undefined) return ranges.statusWithout
    const end = Math.min(next + this.#batch.begin(), current.end)
    for (let i = next; i < end; i++) output.collect(this.#elementAt(i))
    this.#batch.end()
    ranges.next = end
    return ranges.advanced()
  }

  isAvailable(): Promise<void> {
    return this.#ranges.whenAvailable()
  }

  addSplits(splits: IndexRangeSplit[]): void {
    this.#ranges.add(splits)
  }

  notifyNoMoreSplits(): void {
    this.#ranges.noMore()
  }

  snapshotState(): IndexRangeSplit[] {
    return this.#ranges.snapshot()
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
