import type { JobResourceRequirements } from '../messages/messages.generated.js'
import type { JobGraph } from './job-graph.js'

/** The job with these bounds of its parallelism in the place of those that it had. */
export function withResourceRequirements(
  jobGraph: JobGraph,
  { vertices }: JobResourceRequirements,
): JobGraph {
  const resourceRequirements = Object.fromEntries(
    vertices.map(({ vertexId, lowerBound, upperBound }) => [vertexId, { lowerBound, upperBound }]),
  )
  return { ...jobGraph, resourceRequirements }
}
