import type { WorkerResourceSpec } from '@flink-ts/runtime'

const PROFILE = {
  cpuCores: 1,
  taskHeapBytes: 1,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

/** A worker of one processor, one slot and 1000 MB, where nothing else is said. */
export function workerSpec(overrides: Partial<WorkerResourceSpec> = {}): WorkerResourceSpec {
  return {
    cpuCores: 1,
    totalProcessBytes: 1000 * 1024 * 1024,
    numberOfSlots: 1,
    slotProfile: PROFILE,
    totalProfile: PROFILE,
    dynamicProperties: {},
    ...overrides,
  }
}
