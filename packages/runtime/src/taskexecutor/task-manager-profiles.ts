import type { TaskManagerMemory } from '@flink-ts/core'
import type { ResourceProfile } from '../messages/messages.generated.js'

/** What each slot of a TaskManager has, and all of them together. */
export interface TaskManagerProfiles {
  readonly slotProfile: ResourceProfile
  readonly totalProfile: ResourceProfile
}

/** @param cpuCores that the slots share */
export function taskManagerProfiles(
  { numberOfTaskSlots, perSlot }: TaskManagerMemory,
  cpuCores: number,
): TaskManagerProfiles {
  const profile = (slots: number): ResourceProfile => ({
    cpuCores: (cpuCores * slots) / numberOfTaskSlots,
    taskHeapBytes: slots * perSlot.taskHeap,
    taskOffHeapBytes: slots * perSlot.taskOffHeap,
    managedBytes: slots * perSlot.managedMemory,
    networkBytes: slots * perSlot.networkMemory,
    extendedResources: {},
  })
  return { slotProfile: profile(1), totalProfile: profile(numberOfTaskSlots) }
}
