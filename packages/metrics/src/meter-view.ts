import type { Clock } from '@flink-ts/core'
import type { Counter, Meter } from './metrics.js'
import { SimpleCounter } from './simple-counter.js'

const WINDOW_MS = 60_000
const SAMPLE_EVERY_MS = 1000

/**
 * A meter over a counter. An event costs what the counter costs; the clock is read only by who
 * asks for the rate. If nobody asked for longer than the minute, the rate is the mean since then.
 */
export class MeterView implements Meter {
  readonly #clock: Clock
  readonly #counter: Counter
  /** Oldest first; all but the first are younger than the window. */
  readonly #samples: { atMs: number; count: number }[]

  constructor(clock: Clock, counter: Counter = new SimpleCounter()) {
    this.#clock = clock
    this.#counter = counter
    this.#samples = [{ atMs: clock.monotonicNow(), count: counter.count }]
  }

  get count(): number {
    return this.#counter.count
  }

  markEvent(n = 1): void {
    this.#counter.inc(n)
  }

  getRate(): number {
    const nowMs = this.#clock.monotonicNow()
    const samples = this.#samples
    while (samples.length > 1 && samples[1]!.atMs <= nowMs - WINDOW_MS) samples.shift()
    const oldest = samples[0]!
    if (nowMs - samples.at(-1)!.atMs >= SAMPLE_EVERY_MS) {
      samples.push({ atMs: nowMs, count: this.count })
    }
    const elapsedMs = nowMs - oldest.atMs
    return elapsedMs <= 0 ? 0 : ((this.count - oldest.count) * 1000) / elapsedMs
  }
}
