import {
  AdaptiveBatch,
  type CancelTimer,
  type InputStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
} from '@flink-ts/core'
import { UserFunctionError } from '../../functions/errors.js'
import { AssignedRanges, type IndexRangeSplit } from '../splits/assigned-ranges.js'
import type { RateLimiter } from './rate-limiter.js'

/** Most elements emitted in one turn. */
const BATCH_MAX = 256
/** The clock's timers are not finer. */
const MIN_DELAY_MS = 1

/** Emits `generate(index)` for each index of its splits, no faster than its limiter lets it. */
export class DataGeneratorReader<T> implements SourceReader<T, IndexRangeSplit> {
  readonly #context: SourceReaderContext
  readonly #generate: (index: number) => T
  readonly #limiter: RateLimiter
  readonly #ranges: AssignedRanges
  readonly #batch: AdaptiveBatch
  #limited = false
  #timer: CancelTimer | undefined

  constructor(context: SourceReaderContext, generate: (index: number) => T, limiter: RateLimiter) {
    this.#context = context
    this.#ranges = new AssignedRanges(context)
    this.#generate = generate
    this.#limiter = limiter
    this.#batch = new AdaptiveBatch(context.clock, BATCH_MAX)
  }

  start(): void {
    this.#ranges.start()
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const ranges = this.#ranges
    const { current, next } = ranges
    if (current === undefined) return ranges.statusWithout
    const granted = this.#limiter.acquire(Math.min(this.#batch.begin(), current.end - next))
    if (granted === 0) {
      this.#limited = true
      return 'NOTHING_AVAILABLE'
    }
    this.#emit(output, next + granted)
    this.#batch.end()
    return ranges.advanced()
  }

  isAvailable(): Promise<void> {
    if (this.#limited) {
      const delayMs = this.#limiter.delayMs()
      if (delayMs !== undefined && this.#timer === undefined) {
        this.#timer = this.#context.clock.schedule(Math.max(MIN_DELAY_MS, delayMs), () => {
          this.#timer = undefined
          this.#unlimited()
        })
      }
    }
    return this.#ranges.whenAvailable(this.#limited)
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

  notifyCheckpointComplete(): void {
    this.#limiter.notifyCheckpointComplete?.()
    this.#unlimited()
  }

  close(): void {
    this.#timer?.()
  }

  #emit(output: ReaderOutput<T>, end: number): void {
    const ranges = this.#ranges
    for (; ranges.next < end; ranges.next++) {
      let element: T
      try {
        element = this.#generate(ranges.next)
      } catch (cause) {
        throw new UserFunctionError({ operatorName: 'generator', functionName: 'map', cause })
      }
      output.collect(element)
    }
  }

  #unlimited(): void {
    this.#limited = false
    this.#ranges.signal()
  }
}
