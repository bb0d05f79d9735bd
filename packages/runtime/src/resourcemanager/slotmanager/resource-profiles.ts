import { formatMemorySize } from '@flink-ts/core'
import type { ResourceProfile } from '../../messages/messages.generated.js'

/** Nothing at all. */
export const ZERO_RESOURCE_PROFILE: ResourceProfile = {
  cpuCores: 0,
  taskHeapBytes: 0,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

/** Sums of fractions of cores are not exact. */
const EPSILON = 1e-6

type Amount = Exclude<keyof ResourceProfile, 'extendedResources'>

const AMOUNTS: readonly Amount[] = [
  'cpuCores',
  'taskHeapBytes',
  'taskOffHeapBytes',
  'managedBytes',
  'networkBytes',
]

/** Whether a slot with `available` satisfies `required`; an absent requirement fits any slot. */
export function profileFits(
  required: ResourceProfile | undefined,
  available: ResourceProfile,
): boolean {
  if (required === undefined || required === available) return true
  if (AMOUNTS.some((name) => required[name] > available[name] + EPSILON)) return false
  const extended = Object.entries(required.extendedResources)
  return extended.every(
    ([name, amount]) => amount <= (available.extendedResources[name] ?? 0) + EPSILON,
  )
}

/** How many times `part` fits into `whole`; a part of nothing at all fits infinitely often. */
export function timesInto(part: ResourceProfile, whole: ResourceProfile): number {
  let times = Number.POSITIVE_INFINITY
  const limit = (amount: number, available: number) => {
    if (amount > 0) times = Math.min(times, Math.floor((available + EPSILON) / amount))
  }
  for (const name of AMOUNTS) limit(part[name], whole[name])
  for (const [name, amount] of Object.entries(part.extendedResources)) {
    limit(amount, whole.extendedResources[name] ?? 0)
  }
  return Math.max(0, times)
}

export function addProfiles(a: ResourceProfile, b: ResourceProfile): ResourceProfile {
  return combine(a, b, 1)
}

/** May be negative where `b` has more. */
export function subtractProfiles(a: ResourceProfile, b: ResourceProfile): ResourceProfile {
  return combine(a, b, -1)
}

export function multiplyProfile(profile: ResourceProfile, factor: number): ResourceProfile {
  return combine(ZERO_RESOURCE_PROFILE, profile, factor)
}

/** All kinds of memory together. */
export function memoryOf(profile: ResourceProfile): number {
  const { taskHeapBytes, taskOffHeapBytes, managedBytes, networkBytes } = profile
  return taskHeapBytes + taskOffHeapBytes + managedBytes + networkBytes
}

/** Equal for equal profiles only. */
export function profileKey(profile: ResourceProfile): string {
  const extended = Object.entries(profile.extendedResources).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([AMOUNTS.map((name) => profile[name]), extended])
}

/** For people, such as `cpu 0.5, task heap 64mb, managed 32mb`; what is zero is left out. */
export function formatProfile(profile: ResourceProfile): string {
  const memory: [string, number][] = [
    ['task heap', profile.taskHeapBytes],
    ['task off-heap', profile.taskOffHeapBytes],
    ['managed', profile.managedBytes],
    ['network', profile.networkBytes],
  ]
  const parts = [
    ...(profile.cpuCores === 0 ? [] : [`cpu ${Number(profile.cpuCores.toFixed(6))}`]),
    ...memory.flatMap(([name, bytes]) => (bytes === 0 ? [] : `${name} ${formatMemorySize(bytes)}`)),
    ...Object.entries(profile.extendedResources).map(([name, amount]) => `${name} ${amount}`),
  ]
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}

function combine(a: ResourceProfile, b: ResourceProfile, factor: number): ResourceProfile {
  const extendedResources: Record<string, number> = { ...a.extendedResources }
  for (const [name, amount] of Object.entries(b.extendedResources)) {
    extendedResources[name] = (extendedResources[name] ?? 0) + factor * amount
  }
  return {
    cpuCores: a.cpuCores + factor * b.cpuCores,
    taskHeapBytes: a.taskHeapBytes + factor * b.taskHeapBytes,
    taskOffHeapBytes: a.taskOffHeapBytes + factor * b.taskOffHeapBytes,
    managedBytes: a.managedBytes + factor * b.managedBytes,
    networkBytes: a.networkBytes + factor * b.networkBytes,
    extendedResources,
  }
}
