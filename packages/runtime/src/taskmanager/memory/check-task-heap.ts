import {
  type Configuration,
  deriveTaskManagerMemory,
  LEAST_TASK_HEAP,
  remedyForTaskHeap,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { JobGraph } from '../../jobgraph/job-graph.js'
import { slotProfilesOf } from '../../jobgraph/slot-profiles.js'
import { slotSharingOf } from './slot-sharing.js'
import { TaskHeapTooSmallError, tooSmall } from './task-thread-limits.js'

/**
 * Whether the slots of TaskManagers that are configured so have room for the tasks of a job.
 *
 * @param configuration of the cluster
 * @throws TaskHeapTooSmallError with the size that would do
 */
export function checkTaskHeap(
  jobGraph: Pick<JobGraph, 'name' | 'vertices' | 'slotSharingGroups'>,
  configuration: Configuration,
): void {
  const { perSlot } = deriveTaskManagerMemory(configuration)
  const profiles = slotProfilesOf(jobGraph)
  for (const [group, { numberOfTasks }] of slotSharingOf(jobGraph)) {
    const own = profiles.get(group)?.taskHeapBytes
    const taskHeap = own ?? perSlot.taskHeap
    if (taskHeap >= numberOfTasks * LEAST_TASK_HEAP) continue
    const remedy = own === undefined ? slotRemedy(configuration) : groupRemedy
    throw new TaskHeapTooSmallError(
      `Cannot run job '${jobGraph.name}': a slot of its slot sharing group '${group}' has ${tooSmall(taskHeap, numberOfTasks, remedy)}`,
      { taskName: group },
    )
  }
}

/** For slots that are equal parts of their TaskManager. */
export function slotRemedy(configuration: Configuration): (neededBytes: number) => string {
  return (needed) =>
    `${remedyForTaskHeap(configuration, needed)}, lower '${TaskManagerOptions.NUM_TASK_SLOTS.key}'`
}

/** For slots of the size that their job says. */
export function groupRemedy(): string {
  return 'give the slot sharing group more task heap'
}
