import type { CancelTimer, Clock } from './clock.js'

/** A clock that moves only when a test says so; due actions run in deadline order. */
export class ManualClock implements Clock {
  #nowMs: number
  #nextId = 0
  readonly #timers = new Map<number, { dueMs: number; action: () => void }>()

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonicNow(): number {
    return this.#nowMs
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    const id = this.#nextId++
    this.#timers.set(id, { dueMs: this.#nowMs + Math.max(0, delayMs), action })
    return () => void this.#timers.delete(id)
  }

  /** How many actions wait for their time: a component that was closed must leave none. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Moves time forward by `byMs`, running what becomes due on the way. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      let next: [number, { dueMs: number; action: () => void }] | undefined
      for (const entry of this.#timers) {
        if (entry[1].dueMs <= untilMs && (next === undefined || entry[1].dueMs < next[1].dueMs)) {
          next = entry
        }
      }
      if (next === undefined) break
      this.#timers.delete(next[0])
      this.#nowMs = Math.max(this.#nowMs, next[1].dueMs)
      next[1].action()
    }
    this.#nowMs = untilMs
  }
}
