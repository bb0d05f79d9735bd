import type { SlotResources } from './slot-sharing.js'
import { type TaskThreadLimits, taskThreadLimits } from './task-thread-limits.js'

/** Of a job with a single task, the likeliest: many wait for their first result. */
export function likelyThreadLimits({ taskHeapBytes }: SlotResources): TaskThreadLimits | undefined {
  try {
    return taskThreadLimits({
      taskName: '',
      taskHeapBytes,
      numberOfTasks: 1,
      managedBytes: 0,
      remedy: () => '',
    })
  } catch {
    return undefined
  }
}
