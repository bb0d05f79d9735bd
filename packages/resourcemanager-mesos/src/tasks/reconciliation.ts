import type { CancelTimer, Clock, LogFields, Logger, Random } from '@flink-ts/core'
import type { SchedulerCall } from '@flink-ts/mesos-client'

const FIRST_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 60_000
/** The master is not asked of more tasks by one call. */
const MAX_TASKS_PER_CALL = 2_000
/** When the master is asked for all that it knows, after a subscription; from then on every 10 minutes. */
const IMPLICIT_AFTER_MS = [5_000, 60_000] as const
const IMPLICIT_EVERY_MS = 600_000

export interface ReconciliationOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Failures are its own business: what is not answered is asked again. */
  readonly call: (call: SchedulerCall) => void
  /** It is time to ask of all tasks, whatever is known of them. */
  readonly onPeriod: () => void
}

interface Question {
  readonly agentId: string | undefined
  dueMs: number
  pauseMs: number
}

/**
 * Asks the master what became of tasks: of each until it is answered, with growing pauses; and of all that it knows of the framework
 * from time to time, so that tasks turn up that nobody here knows.
 */
export class Reconciliation {
  readonly #options: ReconciliationOptions
  readonly #questions = new Map<string, Question>()
  /** Whether more than one task was asked of since all were answered: a single one is no news for people. */
  #isSeveral = false
  #isSubscribed = false
  #cancelTimer: CancelTimer | undefined
  #timerDueMs = Number.POSITIVE_INFINITY
  #cancelImplicit: CancelTimer | undefined

  constructor(options: ReconciliationOptions) {
    this.#options = options
  }

  /** Tasks of which nothing was heard since they were asked of. */
  get unanswered(): number {
    return this.#questions.size
  }

  /** Without an agent the master cannot tell whether it is one that may still come back. */
  ask(taskId: string, agentId: string | undefined): void {
    if (this.#questions.has(taskId)) return
    const dueMs = this.#options.clock.monotonicNow()
    this.#questions.set(taskId, { agentId, dueMs, pauseMs: FIRST_PAUSE_MS })
    this.#isSeveral ||= this.#questions.size > 1
    this.#schedule(dueMs)
  }

  answered(taskId: string): void {
    if (!this.#questions.delete(taskId) || this.#questions.size > 0) return
    this.#say('What became of all tasks is known')
    this.#isSeveral = false
  }

  subscribed(): void {
    const now = this.#options.clock.monotonicNow()
    this.#isSubscribed = true
    for (const question of this.#questions.values()) {
      question.dueMs = now
      question.pauseMs = FIRST_PAUSE_MS
    }
    this.#schedule(now)
    this.#scheduleImplicit(0)
  }

  disconnected(): void {
    this.#isSubscribed = false
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
    this.#cancelImplicit?.()
    this.#cancelImplicit = undefined
  }

  /** Nothing is asked any more. */
  close(): void {
    this.disconnected()
    this.#questions.clear()
  }

  #schedule(dueMs: number): void {
    if (!this.#isSubscribed || dueMs >= this.#timerDueMs) return
    const { clock } = this.#options
    this.#cancelTimer?.()
    this.#timerDueMs = dueMs
    this.#cancelTimer = clock.schedule(dueMs - clock.monotonicNow(), () => this.#askDue())
  }

  #askDue(): void {
    const { clock, random, call } = this.#options
    const now = clock.monotonicNow()
    this.#cancelTimer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const due = [...this.#questions].filter(([, question]) => question.dueMs <= now)
    const spread = 1 + random.next() / 5
    for (const [, question] of due) {
      question.dueMs = now + question.pauseMs * spread
      question.pauseMs = Math.min(MAX_PAUSE_MS, question.pauseMs * 2)
    }
    if (due.length > 0) this.#say('Asking Mesos what became of tasks', { tasks: due.length })
    for (let at = 0; at < due.length; at += MAX_TASKS_PER_CALL) {
      const tasks = due
        .slice(at, at + MAX_TASKS_PER_CALL)
        .map(([taskId, { agentId }]) => (agentId === undefined ? { taskId } : { taskId, agentId }))
      call({ type: 'RECONCILE', tasks })
    }
    let nextMs = Number.POSITIVE_INFINITY
    for (const { dueMs } of this.#questions.values()) nextMs = Math.min(nextMs, dueMs)
    if (Number.isFinite(nextMs)) this.#schedule(nextMs)
  }

  #say(message: string, fields: LogFields = {}): void {
    this.#options.log[this.#isSeveral ? 'info' : 'debug'](message, fields)
  }

  #scheduleImplicit(times: number): void {
    const { clock, call, onPeriod } = this.#options
    this.#cancelImplicit?.()
    this.#cancelImplicit = clock.schedule(IMPLICIT_AFTER_MS[times] ?? IMPLICIT_EVERY_MS, () => {
      this.#scheduleImplicit(times + 1)
      // Of a task that the master has forgotten it says nothing by itself.
      if (times >= IMPLICIT_AFTER_MS.length) onPeriod()
      call({ type: 'RECONCILE', tasks: [] })
    })
  }
}
