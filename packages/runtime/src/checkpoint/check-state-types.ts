import {
  checkStateCompatibility,
  type OpenStateHandle,
  type OperatorState,
  SnapshotReader,
  type StateDescription,
  type StateHandle,
} from '@flink-ts/state'
import type { JobGraph, OperatorDescriptor } from '../jobgraph/job-graph.js'

interface StateFiles {
  readonly open: OpenStateHandle
  readonly onUnreadable: (error: unknown) => void
}

/**
 * Compares the states that operators declare in the JobGraph with those of a checkpoint, before anything is deployed. Reads the
 * heads of one file per operator and kind of state: all subtasks run the same program. A file that cannot be read is left to
 * the tasks, which know what to do about it.
 *
 * @param onUnreadable told of such a file
 * @throws StateIncompatibleError (FLINK_STATE_INCOMPATIBLE) naming operator, state, field, both types and the remedy
 */
export async function checkStateTypes(
  operators: readonly OperatorState[],
  { vertices }: JobGraph,
  { open, onUnreadable }: StateFiles,
): Promise<void> {
  const stored = new Map(operators.map((operator) => [operator.operatorId, operator]))
  for (const declaring of vertices.flatMap((vertex) => vertex.operators)) {
    const operator = stored.get(declaring.operatorId)
    if (operator === undefined || (declaring.states ?? []).length === 0) continue
    for (const description of await descriptionsOf(operator, { open, onUnreadable })) {
      check(declaring, description)
    }
  }
}

function check({ name, states }: OperatorDescriptor, stored: StateDescription): void {
  const declared = states?.find((state) => state.name === stored.name)
  if (declared === undefined) return
  const { defaultedFields = [] } = declared
  const defaults = Object.fromEntries(defaultedFields.map((path) => [path, null]))
  checkStateCompatibility(name, stored, declared, defaults)
}

async function descriptionsOf(
  { subtasks }: OperatorState,
  files: StateFiles,
): Promise<StateDescription[]> {
  const parts = [...subtasks.values()]
  const keyed = parts.find((part) => part.keyed !== undefined)?.keyed
  const operator = parts.find((part) => part.operator !== undefined)?.operator
  return [
    ...(keyed === undefined ? [] : await statesIn(keyed.snapshot, 'keyed', files)),
    ...(operator === undefined ? [] : await statesIn(operator.snapshot, 'operator', files)),
  ]
}

async function statesIn(
  handle: StateHandle,
  kind: 'keyed' | 'operator',
  { open, onUnreadable }: StateFiles,
): Promise<readonly StateDescription[]> {
  try {
    const source = await open(handle)
    try {
      return (await SnapshotReader.open(source, kind)).description.states
    } finally {
      await source.close()
    }
  } catch (error) {
    onUnreadable(error)
    return []
  }
}
