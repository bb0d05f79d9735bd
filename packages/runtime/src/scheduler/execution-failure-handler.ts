import type { SerializedError } from '@flink-ts/core'
import type { FailoverStrategy } from './failover-strategy.js'
import type { RestartStrategy } from './restart-strategy.js'

/** What follows from a failure. */
export type FailureHandlingResult =
  | {
      readonly kind: 'restart'
      /** Indexes of the tasks to cancel and run again. */
      readonly tasks: readonly number[]
      readonly delayMs: number
    }
  | {
      readonly kind: 'fail'
      /** Says why there is no restart; the failure is its cause. */
      readonly cause: SerializedError
    }

/** Failures with this code never lead to a restart, wherever in the chain of causes they stand. */
export const SUPPRESS_RESTARTS_CODE = 'FLINK_SUPPRESS_RESTARTS'

// Whoever runs the same program again gets the same error again.
const NON_RECOVERABLE_CODES: ReadonlySet<string> = new Set([
  SUPPRESS_RESTARTS_CODE,
  'FLINK_INVALID_JOB_GRAPH',
  'FLINK_INVALID_PROGRAM',
  'FLINK_ILLEGAL_CONFIGURATION',
  'FLINK_OPERATOR_CODE',
  'FLINK_UNSERIALIZABLE_VALUE',
  'FLINK_CHECKPOINTS_DAMAGED',
  'FLINK_OUTPUT_LOST',
  // All TaskManagers that the cluster starts are of one size.
  'FLINK_TASK_HEAP_TOO_SMALL',
])
const NON_RECOVERABLE_PREFIXES = ['FLINK_PROGRAM_', 'FLINK_TRACE_', 'FLINK_TRACING_']

/** Whether a restart cannot help. */
export function isNonRecoverable(error: SerializedError): boolean {
  for (let at: SerializedError | undefined = error; at !== undefined; at = at.cause) {
    const { code } = at
    if (code === undefined) continue
    if (NON_RECOVERABLE_CODES.has(code)) return true
    if (NON_RECOVERABLE_PREFIXES.some((prefix) => code.startsWith(prefix))) return true
  }
  return false
}

/** Least pause before a restart that uses up none of the budget. */
const UNCOUNTED_BACKOFF_MS = 100

/** Joins failover strategy (what restarts) and restart strategy (whether and when). */
export class ExecutionFailureHandler {
  readonly #failoverStrategy: FailoverStrategy
  readonly #restartStrategy: RestartStrategy
  readonly #numberOfTasks: number
  readonly #outlivesLosses: boolean
  #hasRestarted = false

  constructor(options: {
    failoverStrategy: FailoverStrategy
    restartStrategy: RestartStrategy
    numberOfTasks: number
    /** What does not count restarts the job even if its strategy allows no restart. Default false. */
    outlivesLosses?: boolean
  }) {
    this.#outlivesLosses = options.outlivesLosses ?? false
    this.#failoverStrategy = options.failoverStrategy
    this.#restartStrategy = options.restartStrategy
    this.#numberOfTasks = options.numberOfTasks
  }

  /**
   * @param countsAgainstBudget false: the attempt failed for want of a live TaskManager; such a
   * failure uses up none of the job's restarts
   */
  handleTaskFailure(
    task: number,
    error: SerializedError,
    countsAgainstBudget: boolean,
  ): FailureHandlingResult {
    return this.#handle(error, countsAgainstBudget, () =>
      this.#failoverStrategy.tasksToRestart(task),
    )
  }

  /** A failure of the job as a whole, such as that of an operator coordinator. */
  handleGlobalFailure(error: SerializedError): FailureHandlingResult {
    return this.#handle(error, true, () =>
      Array.from({ length: this.#numberOfTasks }, (_, task) => task),
    )
  }

  /**
   * A failure that did not count when it was handled does so now.
   *
   * @returns what ends the job; undefined: it may go on
   */
  countAfterwards(error: SerializedError): SerializedError | undefined {
    this.#restartStrategy.notifyFailure()
    return this.#restartStrategy.canRestart() ? undefined : this.#suppressed(error)
  }

  #handle(
    error: SerializedError,
    countsAgainstBudget: boolean,
    tasks: () => number[],
  ): FailureHandlingResult {
    if (isNonRecoverable(error)) {
      return { kind: 'fail', cause: jobException('The failure is not recoverable', error) }
    }
    if (countsAgainstBudget) this.#restartStrategy.notifyFailure()
    const isAllowed = !countsAgainstBudget && this.#outlivesLosses
    if (!isAllowed && !this.#restartStrategy.canRestart()) {
      return { kind: 'fail', cause: this.#suppressed(error) }
    }
    if (countsAgainstBudget) this.#hasRestarted = true
    const backoffMs = this.#restartStrategy.backoffMs()
    // Without a count there may be no back-off, but a loss that repeats itself must not become a busy loop.
    const delayMs = countsAgainstBudget ? backoffMs : Math.max(backoffMs, UNCOUNTED_BACKOFF_MS)
    return { kind: 'restart', tasks: tasks(), delayMs }
  }

  #suppressed(error: SerializedError): SerializedError {
    // Flink's words, and what they mean.
    const why = this.#hasRestarted
      ? 'the job has been restarted as often as it allows'
      : 'it allows no restart; restart-strategy.type names another one'
    const message = `Recovery is suppressed by ${this.#restartStrategy.name}: ${why}`
    return jobException(message, error)
  }
}

function jobException(message: string, cause: SerializedError): SerializedError {
  return { name: 'JobException', code: 'FLINK_JOB_FAILED', retriable: false, message, cause }
}
