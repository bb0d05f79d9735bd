import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionJobVertex } from '../executiongraph/execution-job-vertex.js'

/** Subtasks that share one slot: of each vertex of a slot sharing group at most one. */
export interface ExecutionSlotSharingGroup {
  readonly index: number
  readonly slotSharingGroup: string
  /** Indexes of tasks, ascending. */
  readonly tasks: readonly number[]
}

interface GrowingGroup {
  index: number
  slotSharingGroup: string
  tasks: number[]
  vertexIds: Set<string>
}

/**
 * Puts the subtasks of a job into slots: a consumer into the slot of one that it reads from alone
 * (FORWARD, RESCALE) where possible, else subtask by subtask into the first slots that have none of its vertex.
 * A job needs as many slots as the sum, over its slot sharing groups, of the greatest parallelism.
 *
 * @param balanceTasks subtasks that no input draws anywhere go to the slots with the fewest tasks
 */
export function assignSlotSharingGroups(
  graph: ExecutionGraph,
  balanceTasks = false,
): ExecutionSlotSharingGroup[] {
  const groups: GrowingGroup[] = balanceTasks ? emptyGroups(graph) : []
  const groupOfTask = new Map<number, GrowingGroup>()
  const coLocated = new Map<string, GrowingGroup>()

  for (const vertex of graph.jobVertices) {
    const { id, slotSharingGroup, coLocationGroup } = vertex.jobVertex
    const free = (group: GrowingGroup | undefined): group is GrowingGroup =>
      group !== undefined && group.slotSharingGroup === slotSharingGroup && !group.vertexIds.has(id)
    const put = (task: number, group: GrowingGroup) => {
      group.tasks.push(task)
      group.vertexIds.add(id)
      groupOfTask.set(task, group)
    }
    const constraint = (subtask: number) => `${slotSharingGroup}/${coLocationGroup}/${subtask}`

    const left = vertex.subtasks.filter((subtask) => {
      const preferred =
        (coLocationGroup === undefined
          ? undefined
          : coLocated.get(constraint(subtask.subtaskIndex))) ??
        producersOf(vertex, subtask.subtaskIndex)
          .map((producer) => groupOfTask.get(producer))
          .find(free)
      if (!free(preferred)) return true
      put(subtask.index, preferred)
      return false
    })
    // Each takes one subtask of this vertex.
    const emptiestFirst = balanceTasks
      ? groups.filter(free).sort((a, b) => a.tasks.length - b.tasks.length)
      : undefined
    let next = 0
    for (const [i, subtask] of left.entries()) {
      if (emptiestFirst !== undefined) {
        put(subtask.index, emptiestFirst[i]!)
        continue
      }
      while (next < groups.length && !free(groups[next])) next++
      if (next === groups.length) {
        groups.push({ index: next, slotSharingGroup, tasks: [], vertexIds: new Set() })
      }
      put(subtask.index, groups[next]!)
    }
    if (coLocationGroup !== undefined) {
      for (const subtask of vertex.subtasks) {
        coLocated.set(constraint(subtask.subtaskIndex), groupOfTask.get(subtask.index)!)
      }
    }
  }
  return groups.map(({ index, slotSharingGroup, tasks }) => ({ index, slotSharingGroup, tasks }))
}

/** All that the job needs: as many of each slot sharing group as its greatest parallelism. */
function emptyGroups(graph: ExecutionGraph): GrowingGroup[] {
  const counts = new Map<string, number>()
  for (const { jobVertex, subtasks } of graph.jobVertices) {
    const { slotSharingGroup } = jobVertex
    counts.set(slotSharingGroup, Math.max(subtasks.length, counts.get(slotSharingGroup) ?? 0))
  }
  return [...counts]
    .flatMap(([slotSharingGroup, count]) => Array<string>(count).fill(slotSharingGroup))
    .map((slotSharingGroup, index) => ({
      index,
      slotSharingGroup,
      tasks: [],
      vertexIds: new Set<string>(),
    }))
}

/** Tasks that feed a subtask by pointwise edges. */
function producersOf(vertex: ExecutionJobVertex, subtask: number): number[] {
  return vertex.inputs
    .filter((edge) => edge.distribution.pointwise)
    .flatMap((edge) =>
      edge.distribution
        .consumedBy(subtask)
        .producers.map((producer) => edge.producer.subtasks[producer]!.index),
    )
}
