import type { CancelTimer, SerializedError } from '@flink-ts/core'
import { FlinkError } from '@flink-ts/core'
import { toErrorInfo } from '../messages/error-info.js'
import { TASK_MANAGER_CLOSING_CODE } from '../taskexecutor/task-executor-errors.js'
import { TASK_MANAGER_LOST_CODE } from './task-manager-connections.js'

/** As long as the end of a job waits for the reason of the loss that caused it. */
const MAX_WAIT_MS = 5_000
/** Losses that may still be explained. */
const MAX_REMEMBERED = 1_000
/** By these a process seems to have ended, and whoever started it may know why. */
const UNEXPLAINED_CODES: readonly unknown[] = [TASK_MANAGER_CLOSING_CODE, TASK_MANAGER_LOST_CODE]

export interface LossExplanationsOptions {
  /** Whether somebody tells why TaskManagers end. */
  readonly areExpected: () => boolean
  readonly schedule: (delayMs: number, action: () => void) => CancelTimer
}

/** A TaskManager's process has ended, or is about to; whoever started it says why. */
export class TaskManagerEndedError extends FlinkError {
  readonly resourceId: string

  constructor(facts: { resourceId: string; diagnostics: string }) {
    super(`TaskManager ${facts.resourceId} has ended: ${facts.diagnostics}`, {
      code: 'FLINK_TASK_MANAGER_ENDED',
      retriable: true,
    })
    this.resourceId = facts.resourceId
  }
}

/**
 * Why TaskManagers were lost. A TaskManager says goodbye, or is silent, before the cluster manager says why it ended. Tasks restart
 * at once; the reason is added, as the last cause, to the error that the job keeps of the loss. Only the end of a job, which
 * nobody looks at again, waits for it.
 */
export class LossExplanations {
  readonly #options: LossExplanationsOptions
  readonly #unexplained = new Map<string, SerializedError>()
  #waiting: { readonly resourceId: string; readonly proceed: () => void } | undefined

  constructor(options: LossExplanationsOptions) {
    this.#options = options
  }

  /** @returns the error for all who keep one: it is completed by {@link explain} */
  lost(resourceId: string, cause: Error): SerializedError {
    const error = toErrorInfo(cause)
    if (!UNEXPLAINED_CODES.includes(error.code)) return error
    this.#unexplained.delete(resourceId)
    this.#unexplained.set(resourceId, error)
    const [oldest] = this.#unexplained.keys()
    if (this.#unexplained.size > MAX_REMEMBERED) this.#unexplained.delete(oldest!)
    return error
  }

  /** Nothing happens if its loss is not known, or was explained before. */
  explain(resourceId: string, diagnostics: string): void {
    const error = this.#unexplained.get(resourceId)
    if (error === undefined) return
    this.#unexplained.delete(resourceId)
    lastOf(error).cause = toErrorInfo(new TaskManagerEndedError({ resourceId, diagnostics }))
    if (this.#waiting?.resourceId === resourceId) this.proceed()
  }

  /**
   * @param failure why the job ends; undefined: by no failure
   * @param proceed called once: at once, or when the loss that is in `failure` is explained, or has not been in time
   */
  whenExplained(failure: SerializedError | undefined, proceed: () => void): void {
    const resourceId = this.#options.areExpected() ? this.#lossIn(failure) : undefined
    if (resourceId === undefined) {
      proceed()
      return
    }
    const cancelTimer = this.#options.schedule(MAX_WAIT_MS, () => this.proceed())
    this.#waiting = {
      resourceId,
      proceed: () => {
        cancelTimer()
        proceed()
      },
    }
  }

  /** Nothing waits any longer. */
  proceed(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.proceed()
  }

  #lossIn(failure: SerializedError | undefined): string | undefined {
    const links = new Set(chainOf(failure))
    return [...this.#unexplained].find(([, error]) => links.has(error))?.[0]
  }
}

function chainOf(error: SerializedError | undefined): SerializedError[] {
  return error === undefined ? [] : [error, ...chainOf(error.cause)]
}

function lastOf(error: SerializedError): SerializedError {
  return chainOf(error).at(-1)!
}
