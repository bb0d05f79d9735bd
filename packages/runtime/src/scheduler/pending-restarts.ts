import type { CancelTimer } from '@flink-ts/core'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'

interface PendingRestart {
  readonly tasks: Set<number>
  /** Those of `tasks` that have not ended. */
  readonly alive: Set<number>
  delayOver: boolean
  /** Somebody was asked whether it may go on, and has not answered. */
  asked: boolean
  cancelTimer: CancelTimer
}

/**
 * Restarts that wait: each for its delay and until all its tasks have ended. A task belongs to the
 * latest restart that names it; an older one goes on without it.
 */
export class PendingRestarts {
  readonly #schedule: ScheduleAction
  readonly #onReady: (tasks: number[]) => void
  readonly #prepare: (proceed: () => void) => void
  readonly #restarts = new Set<PendingRestart>()
  readonly #restartOf = new Map<number, PendingRestart>()

  /**
   * @param prepare see `SchedulerOperations.prepareRestart`
   * @param onReady given the tasks, ascending; the restart is not pending any more then
   */
  constructor(
    schedule: ScheduleAction,
    prepare: (proceed: () => void) => void,
    onReady: (tasks: number[]) => void,
  ) {
    this.#schedule = schedule
    this.#prepare = prepare
    this.#onReady = onReady
  }

  get isEmpty(): boolean {
    return this.#restarts.size === 0
  }

  /** Whether the task waits to run again. */
  includes(task: number): boolean {
    return this.#restartOf.has(task)
  }

  /** @param alive those of `tasks` that have not ended yet */
  add(tasks: readonly number[], alive: readonly number[], delayMs: number): void {
    const olders = new Set<PendingRestart>()
    for (const task of tasks) {
      const older = this.#restartOf.get(task)
      if (older === undefined) continue
      older.tasks.delete(task)
      older.alive.delete(task)
      olders.add(older)
    }
    for (const older of olders) {
      if (older.tasks.size === 0) this.#remove(older)
      // What it waited for may have been among them.
      else if (older.delayOver) older.cancelTimer = this.#schedule(0, () => this.#check(older))
    }
    const restart: PendingRestart = {
      tasks: new Set(tasks),
      alive: new Set(alive),
      delayOver: false,
      asked: false,
      cancelTimer: this.#schedule(delayMs, () => {
        restart.delayOver = true
        this.#check(restart)
      }),
    }
    this.#restarts.add(restart)
    for (const task of tasks) this.#restartOf.set(task, restart)
  }

  taskEnded(task: number): void {
    const restart = this.#restartOf.get(task)
    if (restart?.alive.delete(task) === true) this.#check(restart)
  }

  cancelAll(): void {
    for (const restart of [...this.#restarts]) this.#remove(restart)
  }

  #check(restart: PendingRestart): void {
    if (restart.asked || !isReady(restart) || !this.#restarts.has(restart)) return
    restart.asked = true
    this.#prepare(() => {
      // A later one may have taken its tasks meanwhile.
      if (!this.#restarts.has(restart)) return
      this.#remove(restart)
      this.#onReady([...restart.tasks].sort((a, b) => a - b))
    })
  }

  #remove(restart: PendingRestart): void {
    restart.cancelTimer()
    this.#restarts.delete(restart)
    for (const task of restart.tasks) this.#restartOf.delete(task)
  }
}

function isReady({ delayOver, alive }: PendingRestart): boolean {
  return delayOver && alive.size === 0
}
