import { createHash } from 'node:crypto'
import type { IntermediateDataSetId, OperatorId } from '@flink-ts/core'

/**
 * The id of an operator with a uid: only the uid matters, so the operator keeps its id, and its state,
 * whatever changes around it.
 */
export function operatorIdOfUid(uid: string): OperatorId {
  return digest(`uid\n${uid}`) as OperatorId
}

/**
 * The id of an operator without a uid, from its place: its number in the traversal of the graph and the
 * ids of those that feed it. Names, parallelism and chaining do not matter.
 */
export function operatorIdOfPosition(position: number, inputs: readonly OperatorId[]): OperatorId {
  return digest(['position', position, ...inputs].join('\n')) as OperatorId
}

/** The id of what combines elements on the way from `source` to `target`. */
export function operatorIdOfCombiner(
  source: OperatorId,
  target: OperatorId,
  index: number,
): OperatorId {
  return digest(['combine', source, target, index].join('\n')) as OperatorId
}

/** The id of what one edge carries. */
export function edgeId(
  source: OperatorId,
  target: OperatorId,
  index: number,
): IntermediateDataSetId {
  return digest(['edge', source, target, index].join('\n')) as IntermediateDataSetId
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
