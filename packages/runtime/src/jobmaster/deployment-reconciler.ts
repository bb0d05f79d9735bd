import { FlinkError, type Logger } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import { toErrorInfo } from '../messages/error-info.js'
import type {
  ErrorInfo,
  ExecutionDeploymentReport,
  TaskExecutorGateway,
} from '../messages/messages.generated.js'

export interface DeploymentReconcilerOptions {
  /** The current one. */
  readonly graph: () => ExecutionGraph
  readonly gateway: (resourceId: string) => TaskExecutorGateway | undefined
  readonly failTask: (executionAttemptId: string, cause: ErrorInfo) => void
  readonly log: Logger
}

/**
 * Compares what a TaskManager says runs there with what should: what it does not know is failed, what
 * should not run is cancelled. A difference must show in two reports in a row, since a report and
 * the messages that change what it says overtake each other.
 */
export class DeploymentReconciler {
  readonly #options: DeploymentReconcilerOptions
  /** Per TaskManager what was deployed there and had not ended when it reported last. */
  readonly #deployed = new Map<string, Set<Execution>>()
  /** Per TaskManager the differences of its last report. */
  readonly #suspects = new Map<string, ReadonlySet<string>>()

  constructor(options: DeploymentReconcilerOptions) {
    this.#options = options
  }

  /** The attempt, which has its slot, is sent to its TaskManager. */
  deployed(execution: Execution): void {
    const { resourceId } = execution.slot!.location
    const known = this.#deployed.get(resourceId)
    if (known !== undefined) known.add(execution)
    else this.#deployed.set(resourceId, new Set([execution]))
  }

  /** The TaskManager is gone: it reports nothing any more. */
  forget(resourceId: string): void {
    this.#deployed.delete(resourceId)
    this.#suspects.delete(resourceId)
  }

  /** Takes as long as there are tasks on this TaskManager, however many the job has. */
  reconcile(resourceId: string, report: ExecutionDeploymentReport): void {
    const { gateway, failTask, log } = this.#options
    const graph = this.#options.graph()
    const reported = new Set(report.executionAttemptIds)
    const missing = this.#expectedOn(resourceId, graph).filter(
      ({ attemptId }) => !reported.has(attemptId),
    )
    const unexpected = [...reported].filter((attemptId) => {
      const execution = graph.currentExecution(attemptId)
      return execution === undefined || execution.isTerminal
    })
    const before = this.#suspects.get(resourceId)
    this.#suspects.set(
      resourceId,
      new Set([...missing.map(({ attemptId }) => attemptId), ...unexpected]),
    )
    if (before === undefined) return
    for (const { attemptId, taskName } of missing) {
      if (!before.has(attemptId)) continue
      const cause = new FlinkError(
        `Task ${taskName} (attempt ${attemptId}) does not run on TaskManager ${resourceId}, where it was deployed`,
        { code: 'FLINK_TASK_NOT_DEPLOYED', retriable: true },
      )
      failTask(attemptId, toErrorInfo(cause))
    }
    for (const executionAttemptId of unexpected) {
      if (!before.has(executionAttemptId)) continue
      log.warn('A TaskManager runs a task that should not run; cancelling it', {
        executionAttemptId,
        resourceId,
      })
      gateway(resourceId)
        ?.cancelTask({ executionAttemptId })
        .catch((error) => log.debug('Cancelling failed', { executionAttemptId, error }))
    }
  }

  #expectedOn(resourceId: string, graph: ExecutionGraph): Execution[] {
    const deployed = this.#deployed.get(resourceId)
    if (deployed === undefined) return []
    for (const execution of deployed) {
      const isCurrent = graph.currentExecution(execution.attemptId) === execution
      if (!isCurrent || execution.isTerminal) deployed.delete(execution)
    }
    if (deployed.size === 0) this.#deployed.delete(resourceId)
    return [...deployed]
  }
}
