import assert from 'node:assert/strict'
import type { Clock, LogFields, Logger } from '@flink-ts/core'

/** The states that may follow each state; terminal states have none. */
export type TransitionTable<S extends string> = Readonly<Record<S, readonly S[]>>

export interface StateMachineOptions<S extends string> {
  /** What changes its state, such as `Task`; for messages. */
  readonly subject: string
  /** Logged with each transition. */
  readonly ids: LogFields
  readonly table: TransitionTable<S>
  readonly initial: S
  readonly clock: Clock
  readonly log: Logger
  /** Of the line of each transition. Default `info`. */
  readonly level?: 'info' | 'debug'
}

/** A state that changes only as its table allows; every change is logged and its time kept. */
export class StateMachine<S extends string> {
  readonly #options: StateMachineOptions<S>
  readonly #timestamps: Record<S, number>
  #state: S

  constructor(options: StateMachineOptions<S>) {
    this.#options = options
    this.#state = options.initial
    const states = Object.keys(options.table) as S[]
    this.#timestamps = Object.fromEntries(states.map((state) => [state, 0])) as Record<S, number>
    this.#timestamps[options.initial] = options.clock.now()
  }

  get state(): S {
    return this.#state
  }

  /** When each state was entered last, ms since the epoch; 0: never. */
  get timestamps(): Readonly<Record<S, number>> {
    return this.#timestamps
  }

  canTransitionTo(next: S): boolean {
    return this.#options.table[this.#state].includes(next)
  }

  /** @throws AssertionError if the table does not allow it; nothing has changed then. */
  transitionTo(next: S, facts: LogFields = {}): void {
    const { subject, ids, clock, log, level = 'info' } = this.#options
    const from = this.#state
    assert(
      this.canTransitionTo(next),
      `${subject} ${JSON.stringify(ids)} cannot go from ${from} to ${next}`,
    )
    this.#state = next
    this.#timestamps[next] = clock.now()
    log[level](`${subject} changed its state`, { ...ids, from, to: next, ...facts })
  }
}
