import type { TaskManagerMemory } from '@flink-ts/core'
import type { ResourceProfile } from '../messages/messages.generated.js'
import type { TaskManagerFacts } from '../taskexecutor/task-executor-settings.js'

/** The machine of a TaskManager. */
export interface Hardware {
  readonly cpuCores: number
  readonly physicalMemoryBytes: number
  readonly freeMemoryBytes: number
}

/** What a TaskManager tells of itself when it registers. */
export function taskManagerFacts(memory: TaskManagerMemory, hardware: Hardware): TaskManagerFacts {
  const { kind: _kind, numberOfTaskSlots, perSlot, ...configuration } = memory
  const profile = (slots: number): ResourceProfile => ({
    // As in Flink a slot counts as one core unless somebody says otherwise.
    cpuCores: slots,
    taskHeapBytes: slots * perSlot.taskHeap,
    taskOffHeapBytes: slots * perSlot.taskOffHeap,
    managedBytes: slots * perSlot.managedMemory,
    networkBytes: slots * perSlot.networkMemory,
    extendedResources: {},
  })
  return {
    numberOfSlots: numberOfTaskSlots,
    hardware: { ...hardware, managedMemoryBytes: memory.managedMemory },
    memory: configuration,
    slotProfile: profile(1),
    totalProfile: profile(numberOfTaskSlots),
  }
}
