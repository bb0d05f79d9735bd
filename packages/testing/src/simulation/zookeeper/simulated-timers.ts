import type { CancelTimer, Clock } from '@flink-ts/core'

/** The timers of one simulated client. */
export class SimulatedTimers {
  readonly #clock: Clock
  readonly #isImmediate: boolean
  readonly #timers = new Set<CancelTimer>()

  /** @param isImmediate what has no delay happens in the same moment, in a microtask */
  constructor(clock: Clock, isImmediate: boolean) {
    this.#clock = clock
    this.#isImmediate = isImmediate
  }

  later(delayMs: number, action: () => void): CancelTimer {
    let isDue = true
    const run = () => {
      if (!isDue) return
      isDue = false
      this.#timers.delete(cancel)
      action()
    }
    let cancelTimer: CancelTimer = () => {}
    const cancel = () => {
      isDue = false
      this.#timers.delete(cancel)
      cancelTimer()
    }
    this.#timers.add(cancel)
    if (delayMs <= 0 && this.#isImmediate) queueMicrotask(run)
    else cancelTimer = this.#clock.schedule(delayMs, run)
    return cancel
  }

  cancelAll(): void {
    for (const cancel of [...this.#timers]) cancel()
  }
}
