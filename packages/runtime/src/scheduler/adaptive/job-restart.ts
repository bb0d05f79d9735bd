import type { CancelTimer } from '@flink-ts/core'
import type { ScheduleAction } from '../../jobmaster/slotpool/slot-provider.js'
import type { SchedulerOperations } from '../scheduler.js'

interface PendingRestart {
  readonly delayMs: number
  readonly proceed: () => void
}

/** The restart of a whole job: waits until all tasks have ended, then for its delay, then until it may go on. */
export class JobRestart {
  readonly #schedule: ScheduleAction
  readonly #prepare: SchedulerOperations['prepareRestart']
  #pending: PendingRestart | undefined
  #cancelTimer: CancelTimer | undefined

  constructor(schedule: ScheduleAction, prepare: SchedulerOperations['prepareRestart']) {
    this.#schedule = schedule
    this.#prepare = prepare
  }

  /** In place of one that waits. @param proceed told once, unless it is cancelled before */
  begin(delayMs: number, proceed: () => void): void {
    this.cancel()
    this.#pending = { delayMs, proceed }
  }

  /** The last task has ended. Idempotent. */
  tasksEnded(): void {
    const pending = this.#pending
    if (pending === undefined || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#schedule(pending.delayMs, () =>
      this.#prepare(() => {
        if (this.#pending !== pending) return
        this.cancel()
        pending.proceed()
      }),
    )
  }

  cancel(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#pending = undefined
  }
}
