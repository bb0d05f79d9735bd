import {
  AdaptiveBatch,
  type CancelTimer,
  type InputStatus,
  type ReaderOutput,
  type SourceReader,
  type SourceReaderContext,
} from '@flink-ts/core'
import { UserFunctionError } from '../../functions/errors.js'
import { Availability } from '../splits/availability.js'
import type { IndexRangeSplit } from '../splits/index-range-reader.js'
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
  readonly #available = new Availability()
  readonly #batch: AdaptiveBatch
  #splits: IndexRangeSplit[] = []
  #next = 0
  #noMoreSplits = false
  #limited = false
  #timer: CancelTimer | undefined

  constructor(context: SourceReaderContext, generate: (index: number) => T, limiter: RateLimiter) {
    this.#context = context
    this.#generate = generate
    this.#limiter = limiter
    this.#batch = new AdaptiveBatch(context.clock, BATCH_MAX)
  }

  start(): void {
    if (this.#splits.length === 0) this.#context.sendSplitRequest()
  }

  pollNext(output: ReaderOutput<T>): InputStatus {
    const split = this.#splits[0]
    if (split === undefined) return this.#noMoreSplits ? 'END_OF_INPUT' : 'NOTHING_AVAILABLE'
    const granted = this.#limiter.acquire(Math.min(this.#batch.begin(), split.end - this.#next))
    if (granted === 0) {
      this.#limited = true
      return 'NOTHING_AVAILABLE'
    }
    this.#emit(output, this.#next + granted)
    this.#batch.end()
    if (this.#next < split.end) return 'MORE_AVAILABLE'
    this.#splits.shift()
    this.#next = this.#splits[0]?.next ?? 0
    if (this.#splits.length > 0) return 'MORE_AVAILABLE'
    if (this.#noMoreSplits) return 'END_OF_INPUT'
    this.#context.sendSplitRequest()
    return 'NOTHING_AVAILABLE'
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
      return this.#available.wait(false)
    }
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

  notifyCheckpointComplete(): void {
    this.#limiter.notifyCheckpointComplete?.()
    this.#unlimited()
  }

  close(): void {
    this.#timer?.()
  }

  #emit(output: ReaderOutput<T>, end: number): void {
    while (this.#next < end) {
      let element: T
      try {
        element = this.#generate(this.#next)
      } catch (cause) {
        throw new UserFunctionError({ operatorName: 'generator', functionName: 'map', cause })
      }
      output.collect(element)
      this.#next++
    }
  }

  #unlimited(): void {
    this.#limited = false
    this.#available.signal()
  }
}
