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

/** Whether a slot with `available` satisfies `required`; an absent requirement fits any slot. */
export function profileFits(
  required: ResourceProfile | undefined,
  available: ResourceProfile,
): boolean {
  if (required === undefined) return true
  return (
    required.cpuCores <= available.cpuCores &&
    required.taskHeapBytes <= available.taskHeapBytes &&
    required.taskOffHeapBytes <= available.taskOffHeapBytes &&
    required.managedBytes <= available.managedBytes &&
    required.networkBytes <= available.networkBytes &&
    Object.entries(required.extendedResources).every(
      ([name, amount]) => amount <= (available.extendedResources[name] ?? 0),
    )
  )
}

export function addProfiles(a: ResourceProfile, b: ResourceProfile): ResourceProfile {
  const extendedResources: Record<string, number> = { ...a.extendedResources }
  for (const [name, amount] of Object.entries(b.extendedResources)) {
    extendedResources[name] = (extendedResources[name] ?? 0) + amount
  }
  return {
    cpuCores: a.cpuCores + b.cpuCores,
    taskHeapBytes: a.taskHeapBytes + b.taskHeapBytes,
    taskOffHeapBytes: a.taskOffHeapBytes + b.taskOffHeapBytes,
    managedBytes: a.managedBytes + b.managedBytes,
    networkBytes: a.networkBytes + b.networkBytes,
    extendedResources,
  }
}
