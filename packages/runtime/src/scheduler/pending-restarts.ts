import type { CancelTimer } from '@flink-ts/core'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'

interface PendingRestart {
  readonly tasks: Set<number>
  /** Those of `tasks` that have not ended. */
  readonly alive: Set<number>
  delayOver: boolean
  cancelTimer: CancelTimer
}

/**
 * Restarts that wait: each for its delay and until all its tasks have ended. A task belongs to the
 * latest restart that names it; an older one goes on without it.
 */
export class PendingRestarts {
  readonly #schedule: ScheduleAction
  readonly #onReady: (tasks: number[]) => void
  readonly #restarts = new Set<PendingRestart>()

  /** @param onReady given the tasks, ascending; the restart is not pending any more then */
  constructor(schedule: ScheduleAction, onReady: (tasks: number[]) => void) {
    this.#schedule = schedule
    this.#onReady = onReady
  }

  get isEmpty(): boolean {
    return this.#restarts.size === 0
  }

  /** @param alive those of `tasks` that have not ended yet */
  add(tasks: readonly number[], alive: readonly number[], delayMs: number): void {
    for (const older of this.#restarts) {
      for (const task of tasks) {
        older.tasks.delete(task)
        older.alive.delete(task)
      }
      if (older.tasks.size === 0) this.#remove(older)
      // What it waited for may have been among them.
      else if (older.delayOver) older.cancelTimer = this.#schedule(0, () => this.#check(older))
    }
    const restart: PendingRestart = {
      tasks: new Set(tasks),
      alive: new Set(alive),
      delayOver: false,
      cancelTimer: this.#schedule(delayMs, () => {
        restart.delayOver = true
        this.#check(restart)
      }),
    }
    this.#restarts.add(restart)
  }

  taskEnded(task: number): void {
    for (const restart of [...this.#restarts]) {
      if (restart.alive.delete(task)) this.#check(restart)
    }
  }

  cancelAll(): void {
    for (const restart of [...this.#restarts]) this.#remove(restart)
  }

  #check(restart: PendingRestart): void {
    if (!restart.delayOver || restart.alive.size > 0 || !this.#restarts.has(restart)) return
    this.#remove(restart)
    this.#onReady([...restart.tasks].sort((a, b) => a - b))
  }

  #remove(restart: PendingRestart): void {
    restart.cancelTimer()
    this.#restarts.delete(restart)
  }
}
