import type { AssignedSlot } from '../executiongraph/execution.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'

/** An input that lies on more TaskManagers, or that has more readers, favours none of them. As in Flink. */
const MAX_DISTINCT_TASK_MANAGERS = 8
const MAX_READERS = 8

/**
 * The TaskManagers where the inputs of tasks lie that are to share a slot, the one with most of them first.
 * Counts what runs, or has finished there, and what has got its slot already. Per task only the input
 * that lies on the fewest TaskManagers counts: the others come over the network anyway.
 *
 * @param slotOf the slot that a task got and was not deployed into yet
 */
export function preferredTaskManagers(
  graph: ExecutionGraph,
  tasks: readonly number[],
  slotOf: (task: number) => AssignedSlot | undefined,
): string[] {
  const weights = new Map<string, number>()
  for (const task of tasks) {
    const vertex = graph.vertices[task]!
    let best: Map<string, number> | undefined
    for (const edge of vertex.jobVertex.inputs) {
      const all = !edge.distribution.pointwise
      const readers = all ? edge.consumer.subtasks.length : 1
      const producers = all ? edge.producer.subtasks.length : 0
      // Too many readers: all would crowd on the same few TaskManagers. Too many producers: not worth a look.
      if (readers > MAX_READERS || producers > MAX_READERS * MAX_DISTINCT_TASK_MANAGERS) continue
      const found = new Map<string, number>()
      for (const producer of edge.distribution.consumedBy(vertex.subtaskIndex).producers) {
        const { index, current } = edge.producer.subtasks[producer]!
        const slot = current.isTerminal && current.state !== 'FINISHED' ? undefined : current.slot
        const resourceId = (slot ?? slotOf(index))?.location.resourceId
        if (resourceId !== undefined) found.set(resourceId, (found.get(resourceId) ?? 0) + 1)
      }
      if (found.size === 0 || found.size > MAX_DISTINCT_TASK_MANAGERS) continue
      if (best === undefined || found.size < best.size) best = found
    }
    for (const [resourceId, weight] of best ?? []) {
      weights.set(resourceId, (weights.get(resourceId) ?? 0) + weight)
    }
  }
  return [...weights].sort(([, a], [, b]) => b - a).map(([resourceId]) => resourceId)
}
