import { FlinkError } from '@flink-ts/core'
import type { JobGraph, JobVertex, ParallelismRange } from '../../jobgraph/job-graph.js'

/** The bounds of every vertex of a job, by vertex id: Flink's JobResourceRequirements. */
export type JobResourceRequirements = ReadonlyMap<string, ParallelismRange>

/** Somebody asked for bounds that the job cannot have. */
export class InvalidResourceRequirementsError extends FlinkError {
  constructor(jobName: string, problem: string) {
    super(`The resource requirements of job '${jobName}' were not changed: ${problem}`, {
      code: 'FLINK_INVALID_RESOURCE_REQUIREMENTS',
    })
  }
}

/**
 * The bounds that a job begins with: those that were set under an earlier leader, else from one subtask to the parallelism of the program, or in reactive
 * mode to as many as its max parallelism allows.
 *
 * @throws InvalidResourceRequirementsError if those of the JobGraph are not valid
 */
export function initialRequirements(
  jobGraph: JobGraph,
  reactive: boolean,
): JobResourceRequirements {
  if (jobGraph.resourceRequirements !== undefined) {
    const kept = new Map(Object.entries(jobGraph.resourceRequirements))
    checkRequirements(jobGraph, kept)
    return kept
  }
  return new Map(
    jobGraph.vertices.map((vertex) => [
      vertex.id,
      { lowerBound: 1, upperBound: reactive ? vertex.maxParallelism : vertex.parallelism },
    ]),
  )
}

/** @throws InvalidResourceRequirementsError naming the first vertex whose bounds are not valid */
export function checkRequirements(jobGraph: JobGraph, requirements: JobResourceRequirements): void {
  const refuse = (problem: string): never => {
    throw new InvalidResourceRequirementsError(jobGraph.name, problem)
  }
  const known = new Set<string>(jobGraph.vertices.map(({ id }) => id))
  for (const vertexId of requirements.keys()) {
    if (!known.has(vertexId)) refuse(`it has no vertex ${vertexId}`)
  }
  for (const vertex of jobGraph.vertices) {
    const bounds = requirements.get(vertex.id)
    if (bounds === undefined) {
      refuse(
        `bounds for vertex ${vertex.id} (${vertex.name}) are missing; name those of every vertex`,
      )
    } else {
      const problem = problemOf(vertex, bounds)
      if (problem !== undefined) refuse(`vertex ${vertex.id} (${vertex.name}): ${problem}`)
    }
  }
}

function problemOf(
  { maxParallelism }: JobVertex,
  { lowerBound, upperBound }: ParallelismRange,
): string | undefined {
  if (lowerBound < 1) return `the lower bound is ${lowerBound}, but must be at least 1`
  if (upperBound < lowerBound) {
    return `the upper bound ${upperBound} is less than the lower bound ${lowerBound}`
  }
  if (upperBound > maxParallelism) {
    return `the upper bound ${upperBound} is more than its max parallelism ${maxParallelism}`
  }
  return undefined
}

/**
 * Narrows the bounds so that vertices joined by a FORWARD edge, each subtask of which feeds the one of its
 * own number, always get the same parallelism.
 */
export function alignForwardEdges(
  jobGraph: JobGraph,
  requirements: JobResourceRequirements,
): JobResourceRequirements {
  const groupOf = new Map<string, Set<string>>(
    jobGraph.vertices.map(({ id }) => [id, new Set<string>([id])]),
  )
  for (const { partitioner, sourceVertexId, targetVertexId } of jobGraph.edges) {
    if (partitioner !== 'FORWARD') continue
    const joined = groupOf.get(sourceVertexId)!
    for (const id of groupOf.get(targetVertexId)!) {
      joined.add(id)
      groupOf.set(id, joined)
    }
  }
  return new Map(
    [...requirements.keys()].map((id) => {
      const bounds = [...groupOf.get(id)!].map((other) => requirements.get(other)!)
      const upperBound = Math.min(...bounds.map((each) => each.upperBound))
      const lowerBound = Math.max(...bounds.map((each) => each.lowerBound))
      return [id, { lowerBound: Math.min(lowerBound, upperBound), upperBound }]
    }),
  )
}
