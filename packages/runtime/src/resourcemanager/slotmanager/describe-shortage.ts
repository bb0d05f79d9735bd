import { formatMemorySize } from '@flink-ts/core'
import type { ResourceProfile, ResourceRequirement } from '../../messages/messages.generated.js'
import { formatProfile, memoryOf, profileFits } from './resource-profiles.js'
import type { SlotManagerSettings } from './slot-manager-settings.js'
import type { SlotTracker } from './slot-tracker.js'

/**
 * Tells people what is missing, what there is instead, and which limits stand in the way.
 *
 * @param missing what nothing will serve that is there or under way
 * @param starting slots of the job that workers will bring which are being started; not among `missing`
 */
export function describeShortage(
  missing: readonly ResourceRequirement[],
  starting: number,
  tracker: SlotTracker,
  settings: SlotManagerSettings,
): string {
  const { workerSpec, fineGrained, max } = settings
  const { slots, cpuCores, memoryBytes } = tracker.total
  const largest = workerSpec ?? largestTaskManager(tracker)
  const sentences = missing.map(({ profile, numberOfRequiredSlots: count }) => {
    const are = count === 1 ? 'is' : 'are'
    const beyond =
      starting === 0 ? '' : `, beside ${countOf(starting, 'slot')} for which workers are started`
    if (profile === undefined) return `${countOf(count, 'slot')} ${are} missing${beyond}`
    const text = `${countOf(count, 'slot')} with ${formatProfile(profile)} ${are} missing${beyond}`
    if (largest === undefined) return text
    const most = fineGrained ? largest.totalProfile : largest.slotProfile
    if (most === undefined || profileFits(profile, most)) return text
    const what = `${fineGrained ? '' : 'a slot of '}${workerSpec ? 'a worker' : 'the largest TaskManager'}`
    const hint = fineGrained ? '' : '; cluster.fine-grained-resource-management.enabled is not set'
    const remedy =
      'no number of them helps, only larger ones (taskmanager.memory.*, taskmanager.cpu.cores) or a smaller profile of the slot sharing group'
    return `${text}, more than ${what} has (${formatProfile(most)}${hint}): ${remedy}`
  })
  const limits = [
    `${countOf(slots, 'slot')} of at most ${max.slots} (slotmanager.number-of-slots.max)`,
    `${cpuCores} cores of at most ${max.cpuCores} (slotmanager.max-total-resource.cpu)`,
    `${formatMemorySize(memoryBytes)} of at most ${Number.isFinite(max.memoryBytes) ? formatMemorySize(max.memoryBytes) : '-'} (slotmanager.max-total-resource.memory)`,
  ].filter((_text, i) => Number.isFinite([max.slots, max.cpuCores, max.memoryBytes][i]))
  const { numberOfTaskManagers: taskManagers, numberOfFreeSlots } = tracker
  const have = taskManagers === 1 ? 'has' : 'have'
  const there = `${countOf(taskManagers, 'TaskManager')} ${have} ${countOf(slots, 'slot')}, ${numberOfFreeSlots} of them free`
  return [...sentences, there, ...limits].join('; ')
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
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
