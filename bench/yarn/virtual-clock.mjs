/** Jumps from one due action to the next, and lets promises settle between them. */
export class VirtualClock {
  #nowMs = 1_000_000
  #timers = new Set()

  now() {
    return this.#nowMs
  }

  monotonicNow() {
    return this.#nowMs
  }

  schedule(delayMs, action) {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), action }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** @returns whether there was anything to do */
  async step() {
    await new Promise((resolve) => setImmediate(resolve))
    let next
    for (const timer of this.#timers) {
      if (next === undefined || timer.dueMs < next.dueMs) next = timer
    }
    if (next === undefined) return false
    this.#timers.delete(next)
    this.#nowMs = Math.max(this.#nowMs, next.dueMs)
    next.action()
    return true
  }
}
