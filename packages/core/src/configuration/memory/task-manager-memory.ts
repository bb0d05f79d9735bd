import type { Configuration } from '../configuration.js'
import { IllegalConfigurationError } from '../illegal-configuration-error.js'
import { formatMemorySizeForHumans } from '../memory-size.js'
import { TaskManagerOptions } from '../options/task-manager-options.js'
import { divideTaskManagerMemory, type TaskManagerMemory } from './divide-task-manager-memory.js'
import { memoryForTaskHeap } from './memory-for-task-heap.js'

export type { TaskManagerMemory } from './divide-task-manager-memory.js'

/**
 * Bytes of task heap without which no task starts: the modules of the runtime and a small program need 8 MB of the old
 * generation, a thread with less than 12 does not start for sure, and the young one is 3.
 */
export const LEAST_TASK_HEAP = 15 * 1024 * 1024

/**
 * Divides the memory of a TaskManager by Flink's rules, from `taskmanager.memory.process.size`,
 * or `.flink.size`, or `.task.heap.size` with `.managed.size`.
 *
 * @throws IllegalConfigurationError with the arithmetic, if the parts do not fit, nothing is set, or no task could run in a slot
 */
export function deriveTaskManagerMemory(configuration: Configuration): TaskManagerMemory {
  const memory = divideTaskManagerMemory(configuration)
  const { perSlot, numberOfTaskSlots: slots } = memory
  if (perSlot.taskHeap >= LEAST_TASK_HEAP) return memory
  const size = formatMemorySizeForHumans
  const share = slots === 1 ? '' : `, ${size(perSlot.taskHeap)} for each of ${slots} slots`
  throw new IllegalConfigurationError(
    `Cannot run tasks in a TaskManager of ${size(memory.totalProcessMemory)}: what its other parts leave is ` +
      `${size(memory.taskHeap)} of task heap${share}, and a task needs ${size(LEAST_TASK_HEAP)} at least; ` +
      `${remedyForTaskHeap(configuration, LEAST_TASK_HEAP)}, or lower '${TaskManagerOptions.NUM_TASK_SLOTS.key}'`,
  )
}

/** What to do so that each slot has `slotTaskHeap` bytes of task heap, as part of a sentence: `set 'taskmanager.…' to 1100m at least`. */
export function remedyForTaskHeap(configuration: Configuration, slotTaskHeap: number): string {
  const least = memoryForTaskHeap(configuration, slotTaskHeap)
  return least === undefined
    ? "raise 'taskmanager.memory.process.size'"
    : `set '${least.key}' to ${least.megabytes}m at least`
}
