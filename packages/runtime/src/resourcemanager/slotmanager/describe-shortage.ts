import { formatMemorySize } from '@flink-ts/core'
import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import { formatProfile, memoryOf, profileFits } from './resource-profiles.js'
import type { SlotManagerSettings } from './slot-manager-settings.js'
import type { SlotTracker } from './slot-tracker.js'

/** Tells people what is missing, what there is instead, and which limits stand in the way. */
export function describeShortage(
  missing: readonly ResourceRequirement[],
  tracker: SlotTracker,
  settings: SlotManagerSettings,
): string {
  const { workerSpec, fineGrained, max } = settings
  const { slots, cpuCores, memoryBytes } = tracker.total
  const largest = workerSpec ?? largestTaskManager(tracker)
  const sentences = missing.map(({ profile, numberOfRequiredSlots: count }) => {
    if (profile === undefined) return `${count} slots are missing`
    const text = `${count} slots with ${formatProfile(profile)} are missing`
    if (largest === undefined) return text
    const most = fineGrained ? largest.totalProfile : largest.slotProfile
    if (most === undefined || profileFits(profile, most)) return text
    const what = `${fineGrained ? '' : 'a slot of '}${workerSpec ? 'a worker' : 'the largest TaskManager'}`
    const hint = fineGrained ? '' : '; cluster.fine-grained-resource-management.enabled is not set'
    return `${text}, more than ${what} has (${formatProfile(most)}${hint})`
  })
  const limits = [
    `${slots} slots of at most ${max.slots} (slotmanager.number-of-slots.max)`,
    `${cpuCores} cores of at most ${max.cpuCores} (slotmanager.max-total-resource.cpu)`,
    `${formatMemorySize(memoryBytes)} of at most ${Number.isFinite(max.memoryBytes) ? formatMemorySize(max.memoryBytes) : '-'} (slotmanager.max-total-resource.memory)`,
  ].filter((_text, i) => Number.isFinite([max.slots, max.cpuCores, max.memoryBytes][i]))
  const there = `${tracker.numberOfTaskManagers} TaskManagers have ${slots} slots, ${tracker.numberOfFreeSlots} of them free`
  return [...sentences, there, ...limits].join('; ')
}

interface Largest {
  readonly totalProfile: ResourceProfile
  readonly slotProfile: ResourceProfile | undefined
}

function largestTaskManager(tracker: SlotTracker): Largest | undefined {
  let largest: Largest | undefined
  for (const { totalProfile, slots } of tracker.taskManagers) {
    if (largest !== undefined && memoryOf(totalProfile) <= memoryOf(largest.totalProfile)) continue
    largest = { totalProfile, slotProfile: slots.values().next().value?.profile }
  }
  return largest
}
