import type { JobGraph } from '../../jobgraph/job-graph.js'
import type { JobResourceRequirements } from './parallelism-bounds.js'

/** Parallelism by vertex id. */
export type VertexParallelism = ReadonlyMap<string, number>

interface SharingGroup {
  readonly vertexIds: readonly string[]
  /** Slots without which its vertices cannot have their lower bounds. */
  readonly min: number
  /** Slots that give its vertices their upper bounds. */
  readonly max: number
}

/** Slots with which every vertex gets its upper bound. */
export function desiredSlots(jobGraph: JobGraph, requirements: JobResourceRequirements): number {
  return sharingGroups(jobGraph, requirements).reduce((sum, { max }) => sum + max, 0)
}

/** Slots below which the job cannot run. */
export function minimumSlots(jobGraph: JobGraph, requirements: JobResourceRequirements): number {
  return sharingGroups(jobGraph, requirements).reduce((sum, { min }) => sum + min, 0)
}

/**
 * What the vertices get of so many slots: each slot sharing group its minimum, then the rest in turn to
 * those that can use more; each vertex as many subtasks as its group has slots and its bounds allow.
 *
 * @returns undefined if the slots are too few
 */
export function distributeSlots(
  jobGraph: JobGraph,
  requirements: JobResourceRequirements,
  slots: number,
): VertexParallelism | undefined {
  const groups = sharingGroups(jobGraph, requirements)
  const given = groups.map(({ min }) => min)
  let left = slots - given.reduce((sum, n) => sum + n, 0)
  if (left < 0) return undefined
  let hungry = true
  while (left > 0 && hungry) {
    hungry = false
    for (const [index, { max }] of groups.entries()) {
      if (left === 0 || given[index]! >= max) continue
      given[index]!++
      left--
      hungry = true
    }
  }
  return new Map(
    groups.flatMap(({ vertexIds }, index) =>
      vertexIds.map(
        (id) => [id, Math.min(requirements.get(id)!.upperBound, given[index]!)] as const,
      ),
    ),
  )
}

/** The JobGraph with this parallelism; everything else stays. */
export function withParallelism(jobGraph: JobGraph, parallelism: VertexParallelism): JobGraph {
  return {
    ...jobGraph,
    vertices: jobGraph.vertices.map((vertex) => ({
      ...vertex,
      parallelism: parallelism.get(vertex.id)!,
    })),
  }
}

function sharingGroups(jobGraph: JobGraph, requirements: JobResourceRequirements): SharingGroup[] {
  const vertexIds = new Map<string, string[]>()
  for (const { id, slotSharingGroup } of jobGraph.vertices) {
    const known = vertexIds.get(slotSharingGroup)
    if (known === undefined) vertexIds.set(slotSharingGroup, [id])
    else known.push(id)
  }
  return [...vertexIds.values()].map((ids) => ({
    vertexIds: ids,
    min: Math.max(...ids.map((id) => requirements.get(id)!.lowerBound)),
    max: Math.max(...ids.map((id) => requirements.get(id)!.upperBound)),
  }))
}
