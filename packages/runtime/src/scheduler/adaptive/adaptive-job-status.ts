import type { Clock, Logger, SerializedError } from '@flink-ts/core'
import type { ExecutionGraph } from '../../executiongraph/execution-graph.js'
import { StateMachine } from '../../executiongraph/state-machine.js'
import type { JobStatus } from '../../messages/messages.generated.js'
import {
  ADAPTIVE_SCHEDULER_TRANSITIONS,
  type AdaptiveSchedulerState,
  VISIBLE_JOB_STATUS,
} from './adaptive-scheduler-state.js'

export interface AdaptiveJobStatusOptions {
  readonly jobId: string
  /** The current one. */
  readonly graph: () => ExecutionGraph
  readonly clock: Clock
  readonly log: Logger
}

/** What an adaptive scheduler is about, and the status that the job shows meanwhile. */
export class AdaptiveJobStatus {
  readonly #graph: () => ExecutionGraph
  readonly #state: StateMachine<AdaptiveSchedulerState>

  constructor({ jobId, graph, clock, log }: AdaptiveJobStatusOptions) {
    this.#graph = graph
    this.#state = new StateMachine({
      subject: 'Adaptive scheduler',
      ids: { jobId },
      table: ADAPTIVE_SCHEDULER_TRANSITIONS,
      initial: 'Created',
      clock,
      log,
    })
  }

  get state(): AdaptiveSchedulerState {
    return this.#state.state
  }

  /** @param cause why the job fails */
  enter(
    state: Exclude<AdaptiveSchedulerState, 'Created' | 'Finished'>,
    cause?: SerializedError,
  ): void {
    this.#state.transitionTo(state)
    const status = VISIBLE_JOB_STATUS[state]
    if (this.#graph().status !== status) this.#graph().transitionTo(status, cause)
  }

  /** The job ends, or is left to another JobManager. @param status shown from now on */
  finish(status: JobStatus, cause: SerializedError | undefined): void {
    this.#state.transitionTo('Finished')
    this.#graph().transitionTo(status, cause)
  }
}
