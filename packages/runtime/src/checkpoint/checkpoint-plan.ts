import type { ExecutionState } from '../messages/messages.generated.js'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'

/** An operator of a task, as a checkpoint describes it. */
export interface CheckpointOperator {
  readonly operatorId: string
  readonly operatorName: string
  readonly operatorUid?: string
}

/** The current attempt of a subtask. */
export interface CheckpointTask {
  readonly executionAttemptId: string
  readonly vertexId: string
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly maxParallelism: number
  readonly operators: readonly CheckpointOperator[]
}

/** A subtask of the graph, as the plan looks at it. */
export interface PlannedTask extends CheckpointTask {
  readonly state: ExecutionState
  /** Attempts that it reads from. */
  readonly producers: readonly string[]
  readonly hasBlockingOutput: boolean
}

/** Who takes part in a checkpoint. */
export interface CheckpointPlan {
  /** They are told by a call; the barriers tell the others. */
  readonly tasksToTrigger: readonly CheckpointTask[]
  readonly tasksToAcknowledge: readonly CheckpointTask[]
  /** They had ended before; they have no state. */
  readonly finishedTasks: readonly CheckpointTask[]
}

/**
 * Plans a checkpoint of the tasks as they are: barriers begin at sources, and where everything upstream has finished.
 *
 * @returns why there can be none now, if so
 */
export function planCheckpoint(
  tasks: readonly PlannedTask[],
  { afterTasksFinish }: { afterTasksFinish: boolean },
): CheckpointPlan | CheckpointFailureReason {
  const finishedTasks = tasks.filter(({ state }) => state === 'FINISHED')
  const running = tasks.filter(({ state }) => state === 'RUNNING')
  if (running.length === 0 || running.length + finishedTasks.length < tasks.length) {
    return 'NOT_ALL_REQUIRED_TASKS_RUNNING'
  }
  if (finishedTasks.length > 0 && !afterTasksFinish) return 'NOT_ALL_REQUIRED_TASKS_RUNNING'
  if (running.some(({ hasBlockingOutput }) => hasBlockingOutput)) return 'BLOCKING_OUTPUT_EXIST'
  const finished = new Set(finishedTasks.map(({ executionAttemptId }) => executionAttemptId))
  return {
    tasksToTrigger: running.filter(({ producers }) => producers.every((id) => finished.has(id))),
    tasksToAcknowledge: running,
    finishedTasks,
  }
}

/** Whether the same attempts take part in both. */
export function isSamePlan(
  a: CheckpointPlan,
  b: CheckpointPlan | CheckpointFailureReason,
): boolean {
  const attempts = ({ tasksToAcknowledge }: CheckpointPlan) =>
    tasksToAcknowledge.map((task) => task.executionAttemptId).join()
  return typeof b !== 'string' && attempts(a) === attempts(b)
}
