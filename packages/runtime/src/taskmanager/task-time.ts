import type { Clock } from '@flink-ts/core'

/** What a task does with its time. */
export type TaskActivity = 'busy' | 'idle' | 'backPressured'

/** Adds up how long a task was busy, idle and back-pressured; asks the clock only on a change. */
export class TaskTime {
  readonly #clock: Clock
  readonly #accumulatedMs: Record<TaskActivity, number> = { busy: 0, idle: 0, backPressured: 0 }
  #activity: TaskActivity | undefined
  #sinceMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  enter(activity: TaskActivity): void {
    if (activity === this.#activity) return
    const now = this.#clock.monotonicNow()
    if (this.#activity !== undefined) this.#accumulatedMs[this.#activity] += now - this.#sinceMs
    this.#activity = activity
    this.#sinceMs = now
  }

  /** Time of `activity` until now, in ms. */
  accumulatedMs(activity: TaskActivity): number {
    const running = activity === this.#activity ? this.#clock.monotonicNow() - this.#sinceMs : 0
    return this.#accumulatedMs[activity] + running
  }
}
