import type { JobGraph } from '@flink-ts/runtime'

/** How many slots a job needs: the greatest parallelism of each slot sharing group, summed up. */
export function requiredSlots(jobGraph: JobGraph): number {
  const slots = new Map<string, number>()
  for (const { slotSharingGroup, parallelism } of jobGraph.vertices) {
    slots.set(slotSharingGroup, Math.max(parallelism, slots.get(slotSharingGroup) ?? 0))
  }
  return [...slots.values()].reduce((sum, count) => sum + count, 0)
}
