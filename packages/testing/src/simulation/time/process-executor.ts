import type { Random } from '@flink-ts/core'
import type { ProcessClock } from './process-clock.js'

/**
 * The processor of one simulated process that runs its tasks: actions in the order in which they were
 * handed in, each taking some virtual time before the next one begins.
 */
export class ProcessExecutor {
  readonly #clock: ProcessClock
  readonly #random: Random
  readonly #queue: (() => void)[] = []
  #busy = false
  /** Longest time that one action takes; milliseconds of virtual time. Raise it for a slow node. */
  maxTurnMs: number

  constructor(options: { clock: ProcessClock; random: Random; maxTurnMs?: number | undefined }) {
    this.#clock = options.clock
    this.#random = options.random
    this.maxTurnMs = options.maxTurnMs ?? 0.2
  }

  /** Runs `action` after all that was handed in before it, never before this call returned. */
  readonly defer = (action: () => void): void => {
    this.#queue.push(action)
    this.#next()
  }

  /** Actions that wait for their turn. */
  get pendingActions(): number {
    return this.#queue.length
  }

  #next(): void {
    if (this.#busy || this.#queue.length === 0) return
    this.#busy = true
    this.#clock.scheduleUntracked(this.#random.next() * this.maxTurnMs, () => {
      this.#busy = false
      const action = this.#queue.shift()!
      // First, so that one that throws does not stop the others.
      this.#next()
      action()
    })
  }
}
