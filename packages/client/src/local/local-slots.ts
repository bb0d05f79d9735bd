import {
  type Configuration,
  TaskManagerMemoryOptions as Memory,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { JobGraph } from '@flink-ts/runtime'
import { requiredSlots } from './required-slots.js'

/**
 * Has the one TaskManager of an embedded run so many slots as the job needs, each large enough for every slot
 * sharing group: nobody else uses the process, and its memory is not really divided.
 *
 * @returns the number of slots
 */
export function configureLocalSlots(configuration: Configuration, jobGraph: JobGraph): number {
  const slots = Math.max(1, requiredSlots(jobGraph))
  const resources = (jobGraph.slotSharingGroups ?? []).map((group) => group.resources)
  if (resources.length === 0) return slots
  const { TASK_HEAP_MEMORY, TASK_OFF_HEAP_MEMORY, MANAGED_MEMORY_SIZE } = Memory
  const largest = (amounts: number[]) => slots * Math.max(...amounts)
  const sizes = [
    [TaskManagerOptions.CPU_CORES, largest(resources.map((each) => each.cpuCores))],
    [TASK_HEAP_MEMORY, largest(resources.map((each) => each.taskHeapBytes))],
    [TASK_OFF_HEAP_MEMORY, largest(resources.map((each) => each.taskOffHeapBytes))],
    [MANAGED_MEMORY_SIZE, largest(resources.map((each) => each.managedBytes))],
  ] as const
  for (const [option, size] of sizes) {
    if (!configuration.contains(option)) configuration.set(option, size)
  }
  return slots
}
