import type { CancelTimer, Clock } from '@flink-ts/core'

/** A clock that jumps from one due action to the next, and lets promises settle between them. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000
  readonly #timers = new Set<{ readonly dueMs: number; readonly action: () => void }>()

  /** What somebody has set the wall clock to be off by. */
  wallOffsetMs = 0

  now(): number {
    return this.#nowMs + this.wallOffsetMs
  }

  monotonicNow(): number {
    return this.#nowMs
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), action }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      await settled()
      let next: { readonly dueMs: number; readonly action: () => void } | undefined
      for (const timer of this.#timers) {
        if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer
      }
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.action()
    }
    this.#nowMs = untilMs
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
