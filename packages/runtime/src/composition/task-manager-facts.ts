import type { TaskManagerMemory } from '@flink-ts/core'
import type { TaskManagerFacts } from '../taskexecutor/task-executor-settings.js'
import { taskManagerProfiles } from '../taskexecutor/task-manager-profiles.js'

/** The machine of a TaskManager. */
export interface Hardware {
  readonly cpuCores: number
  readonly physicalMemoryBytes: number
  readonly freeMemoryBytes: number
}

/**
 * What a TaskManager tells of itself when it registers.
 *
 * @param cpuCores that its slots share (`taskmanager.cpu.cores`)
 */
export function taskManagerFacts(
  memory: TaskManagerMemory,
  hardware: Hardware,
  cpuCores?: number,
): TaskManagerFacts {
  const { kind: _kind, numberOfTaskSlots, perSlot: _perSlot, ...configuration } = memory
  return {
    numberOfSlots: numberOfTaskSlots,
    hardware: { ...hardware, managedMemoryBytes: memory.managedMemory },
    memory: configuration,
    // As in Flink a slot counts as one core unless somebody says otherwise.
    ...taskManagerProfiles(memory, cpuCores ?? numberOfTaskSlots),
  }
}
