import type { Configuration } from '../configuration.js'
import { IllegalConfigurationError } from '../illegal-configuration-error.js'
import { TaskManagerMemoryOptions as Options } from '../options/task-manager-memory-options.js'
import { TaskManagerOptions } from '../options/task-manager-options.js'
import { divideTaskManagerMemory } from './divide-task-manager-memory.js'

const MB = 1024 * 1024
/** No configuration needs more than a TaskManager of 1 TB. */
const MOST_MB = 1024 * 1024

/** What to set so that each slot has so much task heap. */
export interface MemoryForTaskHeap {
  /** The size that the configuration sets: of the process, of Flink, or of the task heap itself. */
  readonly key: string
  /** Whole megabytes. */
  readonly megabytes: number
}

/**
 * The least memory of a TaskManager with which each of its slots has `slotTaskHeap` bytes of task heap, everything else staying as it
 * is configured. Undefined if the sizes that are set contradict each other whatever it is.
 */
export function memoryForTaskHeap(
  configuration: Configuration,
  slotTaskHeap: number,
): MemoryForTaskHeap | undefined {
  const option = [
    Options.TASK_HEAP_MEMORY,
    Options.TOTAL_FLINK_MEMORY,
    Options.TOTAL_PROCESS_MEMORY,
  ].find((each) => configuration.get(each) !== undefined)
  if (option === undefined) return undefined
  if (option === Options.TASK_HEAP_MEMORY) {
    const slots = configuration.get(TaskManagerOptions.NUM_TASK_SLOTS)
    return { key: option.key, megabytes: Math.ceil((slots * slotTaskHeap) / MB) }
  }
  const isEnough = (megabytes: number) => {
    const tried = configuration.clone().set(option, megabytes * MB)
    return taskHeapOf(tried) >= slotTaskHeap
  }
  if (!isEnough(MOST_MB)) return undefined
  let [tooLittle, enough] = [0, MOST_MB]
  while (enough - tooLittle > 1) {
    const middle = Math.floor((tooLittle + enough) / 2)
    if (isEnough(middle)) enough = middle
    else tooLittle = middle
  }
  return { key: option.key, megabytes: enough }
}

function taskHeapOf(configuration: Configuration): number {
  try {
    return divideTaskManagerMemory(configuration).perSlot.taskHeap
  } catch (error) {
    if (error instanceof IllegalConfigurationError) return 0
    throw error
  }
}
