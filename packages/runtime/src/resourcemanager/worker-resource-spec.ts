import {
  type Configuration,
  deriveTaskManagerMemory,
  TaskManagerMemoryOptions as Memory,
  TaskManagerOptions,
} from '@flink-ts/core'
import { taskManagerProfiles } from '../taskexecutor/task-manager-profiles.js'
import type { WorkerResourceSpec } from './resource-manager-driver.js'

/**
 * What a worker has that is configured like the JobManager.
 *
 * @throws IllegalConfigurationError with the arithmetic, if the memory of a TaskManager cannot be divided
 */
export function workerResourceSpec(configuration: Configuration): WorkerResourceSpec {
  const memory = deriveTaskManagerMemory(configuration)
  const cpuCores = configuration.get(TaskManagerOptions.CPU_CORES) ?? memory.numberOfTaskSlots
  const sizes: readonly [{ readonly key: string }, number][] = [
    [Memory.TOTAL_PROCESS_MEMORY, memory.totalProcessMemory],
    [Memory.TOTAL_FLINK_MEMORY, memory.totalFlinkMemory],
    [Memory.FRAMEWORK_HEAP_MEMORY, memory.frameworkHeap],
    [Memory.FRAMEWORK_OFF_HEAP_MEMORY, memory.frameworkOffHeap],
    [Memory.TASK_HEAP_MEMORY, memory.taskHeap],
    [Memory.TASK_OFF_HEAP_MEMORY, memory.taskOffHeap],
    [Memory.MANAGED_MEMORY_SIZE, memory.managedMemory],
    [Memory.NETWORK_MEMORY_MIN, memory.networkMemory],
    [Memory.NETWORK_MEMORY_MAX, memory.networkMemory],
    [Memory.METASPACE, memory.jvmMetaspace],
    [Memory.OVERHEAD_MIN, memory.jvmOverhead],
    [Memory.OVERHEAD_MAX, memory.jvmOverhead],
  ]
  return {
    cpuCores,
    totalProcessBytes: memory.totalProcessMemory,
    numberOfSlots: memory.numberOfTaskSlots,
    ...taskManagerProfiles(memory, cpuCores),
    dynamicProperties: {
      ...Object.fromEntries(sizes.map(([{ key }, bytes]) => [key, `${bytes}b`])),
      [TaskManagerOptions.NUM_TASK_SLOTS.key]: String(memory.numberOfTaskSlots),
      [TaskManagerOptions.CPU_CORES.key]: String(cpuCores),
    },
  }
}
