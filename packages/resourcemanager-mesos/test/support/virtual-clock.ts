import type { CancelTimer, Clock } from '@flink-ts/core'

interface Timer {
  readonly dueMs: number
  /** Breaks ties. */
  readonly order: number
  action: (() => void) | undefined
}

/** A clock that jumps from one due action to the next, and lets promises settle between them; good for many thousands of them. */
export class VirtualClock implements Clock {
  #nowMs = 1_000_000
  /** A heap, the next one first; those that were cancelled have no action. */
  readonly #timers: Timer[] = []
  #order = 0
  #pending = 0

  /** What somebody has set the wall clock to be off by. */
  wallOffsetMs = 0

  now(): number {
    return this.#nowMs + this.wallOffsetMs
  }

  monotonicNow(): number {
    return this.#nowMs
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    const timer: Timer = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      action,
    }
    this.#pending++
    this.#push(timer)
    return () => {
      if (timer.action !== undefined) this.#pending--
      timer.action = undefined
    }
  }

  get pendingTimers(): number {
    return this.#pending
  }

  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      await settled()
      const action = this.#next(untilMs)
      if (action === undefined) break
      action()
    }
    this.#nowMs = untilMs
  }

  #next(untilMs: number): (() => void) | undefined {
    for (;;) {
      const [timer] = this.#timers
      if (timer === undefined || timer.dueMs > untilMs) return undefined
      this.#pop()
      const { action } = timer
      if (action === undefined) continue
      timer.action = undefined
      this.#pending--
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs)
      return action
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers
    let at = heap.push(timer) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (isBefore(heap[parent]!, timer)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
