import type { Clock } from '@flink-ts/core'

const MINUTE_MS = 60_000

/** Tells when workers fail to start too often (`resourcemanager.start-worker.max-failure-rate`). */
export class StartFailures {
  readonly #clock: Clock
  readonly #maxPerMinute: number
  #times: number[] = []

  constructor(clock: Clock, maxPerMinute: number) {
    this.#clock = clock
    this.#maxPerMinute = maxPerMinute
  }

  /** @returns whether there were too many within the last minute */
  add(): boolean {
    const now = this.#clock.now()
    this.#times = [...this.#times.filter((time) => time > now - MINUTE_MS), now]
    return this.#times.length > this.#maxPerMinute
  }
}
