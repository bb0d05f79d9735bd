import {
  Configuration,
  deriveTaskManagerMemory,
  type TaskManagerMemory,
  TaskManagerMemoryOptions,
  TaskManagerOptions,
} from '@flink-ts/core'

const MB = 1024 * 1024

/** A configuration for `slots` slots per TaskManager, and the memory that follows from it. */
export function miniClusterConfiguration(
  given: Configuration | undefined,
  slots: number | undefined,
): { configuration: Configuration; memory: TaskManagerMemory } {
  const configuration = given?.clone() ?? new Configuration()
  if (slots !== undefined) configuration.set(TaskManagerOptions.NUM_TASK_SLOTS, slots)
  const { TOTAL_PROCESS_MEMORY, TOTAL_FLINK_MEMORY, TASK_HEAP_MEMORY, MANAGED_MEMORY_SIZE } =
    TaskManagerMemoryOptions
  const total = [TOTAL_PROCESS_MEMORY, TOTAL_FLINK_MEMORY].some((o) => configuration.contains(o))
  if (!total) {
    // The heap is the process's own and not divided: the figure is for display only.
    setIfAbsent(configuration, TASK_HEAP_MEMORY, 1024 * MB)
    setIfAbsent(configuration, MANAGED_MEMORY_SIZE, 128 * MB)
    const network = networkBytes(configuration.get(TaskManagerOptions.NUM_TASK_SLOTS))
    setIfAbsent(configuration, TaskManagerMemoryOptions.NETWORK_MEMORY_MIN, network)
    setIfAbsent(configuration, TaskManagerMemoryOptions.NETWORK_MEMORY_MAX, network)
  }
  return { configuration, memory: deriveTaskManagerMemory(configuration) }
}

/** Enough for exchanges of all with all; pages that nobody touches cost nothing. */
function networkBytes(slots: number): number {
  return Math.min(1024, Math.max(64, slots * slots)) * MB
}

function setIfAbsent(
  configuration: Configuration,
  option: Parameters<Configuration['set']>[0],
  value: number,
): void {
  if (!configuration.contains(option)) configuration.set(option, value)
}
