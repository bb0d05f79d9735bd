import type { CancelTimer, Clock } from '@flink-ts/core'
import { VirtualTime } from '../simulation/time/virtual-time.js'

/** As good as any moment: tests must not find that time begins at 0. */
const START_MS = 1_000_000

/** A clock that jumps from one due action to the next, and lets promises settle between them; good for many thousands of actions. */
export class DriverClock implements Clock {
  readonly #time = new VirtualTime({ stackTraces: true })

  /** By how much somebody has set the wall clock wrong. Milliseconds. */
  wallOffsetMs = 0

  now(): number {
    return this.monotonicNow() + this.wallOffsetMs
  }

  monotonicNow(): number {
    return START_MS + this.#time.monotonicNow()
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    return this.#time.schedule(delayMs, action)
  }

  /** Actions that are still to come: what was closed leaves none. */
  get pendingTimers(): number {
    return this.#time.pendingEvents
  }

  /**
   * Lets time pass, with all that becomes due on the way; one call at a time.
   *
   * @throws what an action throws; AssertionError on a livelock
   */
  async advance(byMs: number): Promise<void> {
    await this.#time.run({ deadlineMs: this.#time.now() + byMs })
  }
}
