import { computeDefaultMaxParallelism } from '@flink-ts/core'
import type { CheckpointMetadata, OperatorState, OperatorSubtaskState } from '@flink-ts/state'
import type { JobGraph, JobVertex } from '../jobgraph/job-graph.js'
import { RestoreRefusedError } from './restore-errors.js'

/**
 * Judges before anything is deployed whether a job can begin with a checkpoint.
 *
 * @param path of the checkpoint, for people
 * @returns max parallelisms that the job must take over, by vertex id: the job has none of its own there
 * @throws RestoreRefusedError naming operators, and what would be right
 */
export function checkRestore(
  { operators }: CheckpointMetadata,
  { vertices }: JobGraph,
  { path, allowNonRestoredState }: { path: string; allowNonRestoredState: boolean },
): ReadonlyMap<string, number> {
  const vertexOf = new Map<string, JobVertex>()
  for (const vertex of vertices) {
    for (const { operatorId } of vertex.operators) vertexOf.set(operatorId, vertex)
  }
  const taken = new Map<string, number>()
  const leftOver: string[] = []
  for (const operator of operators) {
    const vertex = vertexOf.get(operator.operatorId)
    if (vertex === undefined) {
      if (hasState(operator)) leftOver.push(nameOf(operator))
      continue
    }
    const { maxParallelism } = operator
    if (maxParallelism === vertex.maxParallelism || !hasState(operator)) continue
    const problem = problemOf(operator, vertex)
    if (problem !== undefined) throw new RestoreRefusedError(path, problem)
    taken.set(vertex.id, maxParallelism)
  }
  if (leftOver.length > 0 && !allowNonRestoredState) {
    throw new RestoreRefusedError(
      path,
      `it has state of ${leftOver.join(', ')}, which the job does not have. Give operators the uid that they had before; ` +
        'or leave the state out: flink run -n, execution.state-recovery.ignore-unclaimed-state',
    )
  }
  return taken
}

function problemOf(operator: OperatorState, vertex: JobVertex): string | undefined {
  const { maxParallelism } = operator
  const { parallelism } = vertex
  if (parallelism > maxParallelism) {
    return `${nameOf(operator)} has ${parallelism} subtasks now, and its state can be divided among ${maxParallelism} at most (its max parallelism); run it with a parallelism up to that`
  }
  // Only what the program or pipeline.max-parallelism says is meant so.
  if (vertex.maxParallelism === computeDefaultMaxParallelism(parallelism)) return undefined
  return `the max parallelism of ${nameOf(operator)} is ${vertex.maxParallelism} now and ${maxParallelism} there; it cannot be changed: set it to ${maxParallelism}, or not at all`
}

function hasState({ subtasks, coordinatorState }: OperatorState): boolean {
  return coordinatorState !== undefined || [...subtasks.values()].some(isNotEmpty)
}

function isNotEmpty({ keyed, operator }: OperatorSubtaskState): boolean {
  return keyed !== undefined || operator !== undefined
}

function nameOf({ operatorName, operatorId, operatorUid }: OperatorState): string {
  return `operator '${operatorName}' (${operatorUid === undefined ? operatorId : `uid ${operatorUid}`})`
}
