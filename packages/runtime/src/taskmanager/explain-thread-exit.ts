import type { TaskThreadLimits } from './memory/task-thread-limits.js'
import { TaskThreadDiedError } from './task-errors.js'

/** Why the thread of a task ended before the task did. */
export function explainThreadExit(facts: {
  readonly taskName: string
  readonly exitCode: number
  /** What the thread threw, if anything. */
  readonly cause: unknown
  readonly limits: TaskThreadLimits
  /** Tasks that may share the slot. */
  readonly numberOfTasks: number
}): TaskThreadDiedError {
  const { taskName, exitCode, cause, limits, numberOfTasks } = facts
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const limitMb = limits.maxOldGenerationSizeMb + limits.maxYoungGenerationSizeMb
    const sharers =
      numberOfTasks === 1 ? 'this task alone has' : `${numberOfTasks} tasks of the job share`
    return new TaskThreadDiedError(
      `Task ${taskName} ran out of memory: its thread may use ${limitMb} MB for objects, its part of a slot that ` +
        `${sharers}; raise taskmanager.memory.task.heap.size or taskmanager.memory.process.size, or lower ` +
        'taskmanager.numberOfTaskSlots or the number of tasks per slot',
      { taskName, cause },
    )
  }
  return new TaskThreadDiedError(
    cause === undefined
      ? `The thread of task ${taskName} ended with exit code ${exitCode} before the task did: user code must ` +
          'not call process.exit()'
      : `The thread of task ${taskName} ended with an error before the task did`,
    { taskName, cause },
  )
}
