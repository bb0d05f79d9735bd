import { FlinkError, formatMemorySizeForHumans, LEAST_TASK_HEAP } from '@flink-ts/core'

/** Of `ResourceLimits`: what the heap of a thread may grow to. */
export interface TaskThreadLimits {
  readonly maxOldGenerationSizeMb: number
  readonly maxYoungGenerationSizeMb: number
}

const MB = 1024 * 1024
const LEAST_YOUNG_MB = 3
/**
 * Three semi-spaces of 4 MB. V8's default of 48 measures no faster and costs each thread some 20 MB more; with 3 the
 * collector's helper threads use a tenth of all CPU time.
 */
const YOUNG_MB = 12

/** A slot's task heap is too small for the threads of its tasks. */
export class TaskHeapTooSmallError extends FlinkError {
  readonly taskName: string

  constructor(message: string, facts: { taskName: string }) {
    super(message, { code: 'FLINK_TASK_HEAP_TOO_SMALL' })
    this.taskName = facts.taskName
  }
}

/**
 * What the heap of a task's thread may grow to: an equal part of its slot's task heap for each task that may share the
 * slot, and what its operators may keep as objects of the slot's managed memory. So that the threads of a slot never
 * have more than the slot.
 *
 * @throws TaskHeapTooSmallError
 */
export function taskThreadLimits(facts: {
  taskName: string
  taskHeapBytes: number
  numberOfTasks: number
  managedBytes: number
  /** What to do so that the slot has so many bytes of task heap, as part of a sentence. */
  remedy: (neededBytes: number) => string
}): TaskThreadLimits {
  const { taskName, taskHeapBytes, numberOfTasks, managedBytes, remedy } = facts
  const shareMb = Math.floor(taskHeapBytes / numberOfTasks / MB)
  if (shareMb < LEAST_TASK_HEAP / MB) {
    throw new TaskHeapTooSmallError(
      `Cannot start a thread for task ${taskName}: its slot has ${tooSmall(taskHeapBytes, numberOfTasks, remedy)}`,
      { taskName },
    )
  }
  const young = Math.max(LEAST_YOUNG_MB, Math.min(YOUNG_MB, Math.floor(shareMb / 4)))
  return {
    maxYoungGenerationSizeMb: young,
    maxOldGenerationSizeMb: shareMb - young + Math.floor(managedBytes / MB),
  }
}

/** Ends the sentence `the slot has …`. */
export function tooSmall(
  taskHeapBytes: number,
  numberOfTasks: number,
  remedy: (neededBytes: number) => string,
): string {
  const needed = numberOfTasks * LEAST_TASK_HEAP
  const size = formatMemorySizeForHumans
  return (
    `${size(taskHeapBytes)} of task heap for ${numberOfTasks} tasks of the job, which need ${size(needed)} at least; ` +
    `${remedy(needed)}, or put operators into other slot sharing groups`
  )
}
