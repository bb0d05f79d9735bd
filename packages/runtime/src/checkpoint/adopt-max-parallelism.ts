import type { JobGraph, JobVertex } from '../jobgraph/job-graph.js'

/** A copy of a JobGraph whose vertices may take over max parallelisms, before anybody has used them. */
export function withOwnVertices(jobGraph: JobGraph): JobGraph {
  return { ...jobGraph, vertices: jobGraph.vertices.map((vertex) => ({ ...vertex })) }
}

/**
 * Has vertices take over the max parallelisms of the checkpoint that the job begins with: keys would be looked for in other
 * key groups else. In place, for all that have the graph; only of {@link withOwnVertices}, and before anything is deployed.
 */
export function adoptMaxParallelism(
  { vertices }: JobGraph,
  maxParallelisms: ReadonlyMap<string, number>,
): void {
  for (const vertex of vertices) {
    const maxParallelism = maxParallelisms.get(vertex.id)
    if (maxParallelism === undefined) continue
    const own: { -readonly [K in keyof JobVertex]: JobVertex[K] } = vertex
    own.maxParallelism = maxParallelism
  }
}
