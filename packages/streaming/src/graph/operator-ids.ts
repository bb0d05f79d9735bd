import { createHash } from 'node:crypto'
import type { IntermediateDataSetId, OperatorId } from '@flink-ts/core'

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
