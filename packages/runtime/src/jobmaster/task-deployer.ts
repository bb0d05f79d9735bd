import { type AllocationId, FlinkError, type Logger } from '@flink-ts/core'
import { RecipientUnreachableError, RpcTimeoutError } from '@flink-ts/rpc'
import type { Execution } from '../executiongraph/execution.js'
import { toErrorInfo } from '../messages/error-info.js'
import type {
  ErrorInfo,
  TaskDeploymentDescriptor,
  TaskExecutorGateway,
} from '../messages/messages.generated.js'
import type { ScheduleAction } from './slotpool/slot-pool.js'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5000
const CANCEL_ATTEMPTS_WHEN_FAILED = 3

export interface TaskDeployerOptions {
  /** Undefined: it is not registered (any more). */
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  /** The attempt failed for want of its TaskManager, or it does not run there; see the scheduler. */
  readonly failTask: (executionAttemptId: string, cause: ErrorInfo, counts: boolean) => void
  /** The TaskManager says that the job does not hold this slot there. */
  readonly slotRefused: (allocationId: AllocationId, cause: ErrorInfo) => void
  readonly schedule: ScheduleAction
  readonly execute: (action: () => void) => void
  readonly log: Logger
}

/** Sends attempts to their TaskManagers and has them ended there. */
export class TaskDeployer {
  readonly #options: TaskDeployerOptions
  /** Attempts whose submission has not been answered. */
  readonly #submitting = new Set<string>()
  /** To be cancelled as soon as their submission is answered: a cancellation must not overtake it. */
  readonly #cancelAfterwards = new Set<Execution>()

  constructor(options: TaskDeployerOptions) {
    this.#options = options
  }

  submit(execution: Execution, descriptor: TaskDeploymentDescriptor): void {
    const { execute } = this.#options
    const { attemptId, slot } = execution
    const gateway = slot && this.#options.gateway(slot.location.resourceId)
    if (gateway === undefined) {
      execute(() => this.#onSubmitFailed(execution, notRegistered(execution)))
      return
    }
    this.#submitting.add(attemptId)
    gateway.submitTask({ descriptor }).then(
      () => execute(() => this.#onAnswered(execution)),
      (error) =>
        execute(() => {
          this.#onSubmitFailed(execution, error)
          this.#onAnswered(execution)
        }),
    )
  }

  /** Repeats itself until the attempt has ended, or its TaskManager is gone. */
  cancel(execution: Execution): void {
    if (this.#submitting.has(execution.attemptId)) this.#cancelAfterwards.add(execution)
    else this.#sendCancel(execution, 1, FIRST_RETRY_MS)
  }

  #onAnswered(execution: Execution): void {
    this.#submitting.delete(execution.attemptId)
    if (this.#cancelAfterwards.delete(execution)) this.#sendCancel(execution, 1, FIRST_RETRY_MS)
  }

  #onSubmitFailed(execution: Execution, error: unknown): void {
    // Without an answer the task may run all the same; then its own reports have told so.
    if (error instanceof RpcTimeoutError && execution.state !== 'DEPLOYING') return
    const { code } = error as { code?: unknown }
    const noTaskManager =
      error instanceof RecipientUnreachableError || code === 'FLINK_TASK_MANAGER_NOT_REGISTERED'
    const cause = toErrorInfo(error)
    this.#options.failTask(execution.attemptId, cause, !noTaskManager)
    // Else the restart would deploy into the same slot again.
    if (code === 'FLINK_TASK_SUBMISSION' && execution.slot !== undefined) {
      this.#options.slotRefused(execution.slot.allocationId, cause)
    }
  }

  #sendCancel(execution: Execution, attempt: number, retryMs: number): void {
    const { slot, attemptId: executionAttemptId } = execution
    const gateway = slot && this.#options.gateway(slot.location.resourceId)
    if (gateway === undefined) return
    const { execute, schedule, log, failTask } = this.#options
    gateway.cancelTask({ executionAttemptId }).catch((error) =>
      execute(() => {
        log.debug('Cancelling a task failed', { executionAttemptId, attempt, error })
        const unknownOutcome =
          error instanceof RpcTimeoutError || error instanceof RecipientUnreachableError
        if (execution.state === 'CANCELING' && !unknownOutcome) {
          // It is not there: nothing will report its end.
          failTask(executionAttemptId, toErrorInfo(error), false)
        } else if (
          unknownOutcome &&
          (execution.state === 'CANCELING' ||
            (execution.state === 'FAILED' && attempt < CANCEL_ATTEMPTS_WHEN_FAILED))
        ) {
          schedule(retryMs, () =>
            this.#sendCancel(execution, attempt + 1, Math.min(2 * retryMs, MAX_RETRY_MS)),
          )
        }
      }),
    )
  }
}

function notRegistered(execution: Execution): FlinkError {
  const resourceId = execution.slot?.location.resourceId ?? 'without slot'
  return new FlinkError(
    `Cannot deploy task ${execution.taskName}: TaskManager ${resourceId} is not registered any more`,
    { code: 'FLINK_TASK_MANAGER_NOT_REGISTERED', retriable: true },
  )
}
