import type { ResourceLimits } from 'node:worker_threads'
import type { TaskManagerMemory } from '@flink-ts/core'

const MB = 1024 * 1024
/** A thread does not start with less. */
const LEAST_MB = 16
/**
 * Three semi-spaces of 4 MB. V8's default of 48 measures no faster and costs each thread some 20 MB more; with 3 the
 * collector's helper threads use a tenth of all CPU time.
 */
const YOUNG_GENERATION_MB = 12

/**
 * What the heap of one task's thread may grow to: the task heap of its slot. How many threads a slot has is known per
 * job only, so together they can ask for more than the slot's share.
 */
export function taskThreadLimits(
  memory: TaskManagerMemory,
): Pick<ResourceLimits, 'maxOldGenerationSizeMb' | 'maxYoungGenerationSizeMb'> {
  return {
    maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
    maxOldGenerationSizeMb: Math.max(LEAST_MB, Math.floor(memory.perSlot.taskHeap / MB)),
  }
}
