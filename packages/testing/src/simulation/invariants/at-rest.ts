import type { SimulatedTaskManager } from '../cluster/simulated-task-manager.js'
import type { ClusterInvariants } from './cluster-invariants.js'

/** What of a cluster without jobs is not at rest yet: slots held, network memory in use. */
export function checkAtRest(
  taskManagers: readonly SimulatedTaskManager[],
  invariants: ClusterInvariants,
): string[] {
  const problems = invariants.heldSlots.map((slot) => `slot ${slot} is held`)
  for (const { process, shuffle } of taskManagers) {
    const { usedSegments, heapSegments } = shuffle.poolUsage()
    if (process.isRunning && usedSegments + heapSegments > 0) {
      problems.push(`${process.name} uses ${usedSegments} + ${heapSegments} network buffers`)
    }
  }
  return problems
}
