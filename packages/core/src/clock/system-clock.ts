import type { CancelTimer, Clock } from './clock.js'

/** The machine's own clock. The only place where ambient time is read. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  monotonicNow(): number {
    return performance.now()
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    // Beyond 2^31-1 ms setTimeout fires at once; an "infinite" duration must never fire instead.
    if (delayMs > 0x7fffffff) return () => {}
    const timer = setTimeout(action, Math.max(0, delayMs))
    return () => clearTimeout(timer)
  }
}
