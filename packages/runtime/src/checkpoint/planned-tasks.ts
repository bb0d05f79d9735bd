import type { ExecutionGraph } from '../executiongraph/execution-graph.js'
import type { ExecutionJobVertex } from '../executiongraph/execution-job-vertex.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'
import type { CheckpointOperator, PlannedTask } from './checkpoint-plan.js'

/** The current attempts of a job, for the plan of a checkpoint. */
export function plannedTasks({ jobVertices }: ExecutionGraph): PlannedTask[] {
  // The attempts of a vertex are one list for all subtasks that read all of them.
  const attempts = new Map(
    jobVertices.map((vertex) => [vertex, vertex.subtasks.map(({ current }) => current.attemptId)]),
  )
  return jobVertices.flatMap((jobVertex) => {
    const { id, parallelism, maxParallelism } = jobVertex.jobVertex
    const operators = operatorsOf(jobVertex)
    const hasBlockingOutput = jobVertex.outputs.some(({ pipelined }) => !pipelined)
    const { inputs } = jobVertex
    const only = inputs.length === 1 && !inputs[0]!.distribution.pointwise ? inputs[0] : undefined
    return jobVertex.subtasks.map((subtask) => ({
      executionAttemptId: subtask.current.attemptId,
      vertexId: id,
      subtaskIndex: subtask.subtaskIndex,
      parallelism,
      maxParallelism,
      operators,
      state: subtask.current.state,
      producers: only === undefined ? producersOf(subtask, attempts) : attempts.get(only.producer)!,
      hasBlockingOutput,
    }))
  })
}

function operatorsOf({ jobVertex }: ExecutionJobVertex): CheckpointOperator[] {
  return jobVertex.operators.map(({ operatorId, name, uid }) => ({
    operatorId,
    operatorName: name,
    ...(uid !== undefined && { operatorUid: uid }),
  }))
}

function producersOf(
  { jobVertex, subtaskIndex }: ExecutionVertex,
  attempts: ReadonlyMap<ExecutionJobVertex, readonly string[]>,
): string[] {
  return jobVertex.inputs.flatMap(({ producer, distribution }) => {
    const ids = attempts.get(producer)!
    if (!distribution.pointwise) return ids
    return distribution.consumedBy(subtaskIndex).producers.map((index) => ids[index]!)
  })
}
