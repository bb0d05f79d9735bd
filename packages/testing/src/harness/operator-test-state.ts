import { FileSystemRegistry, SystemRandom } from '@flink-ts/core'
import type { ChainRestore, OperatorRestoreSource, OperatorSnapshots } from '@flink-ts/runtime'
import {
  assignKeyGroups,
  type OpenStateHandle,
  type OperatorStateHandle,
  type OperatorSubtaskState,
  openStateHandle,
  redistributeOperatorState,
  StateStreams,
  storeKeyedSnapshot,
  storeOperatorSnapshot,
} from '@flink-ts/state'

/** What one subtask of an operator under test has put into a checkpoint; another harness can go on from it. */
export interface OperatorTestState {
  readonly checkpointId: bigint
  readonly subtaskIndex: number
  readonly state: OperatorSubtaskState
}

const fileSystems = new FileSystemRegistry([])
const open: OpenStateHandle = (handle) => openStateHandle(fileSystems, handle)

/** Writes what an operator had in the synchronous part of a checkpoint. It all stays in memory. */
export async function storeSnapshots({
  keyed,
  operatorState,
}: Pick<OperatorSnapshots, 'keyed' | 'operatorState'>): Promise<OperatorSubtaskState> {
  const streams = new StateStreams({
    fileSystems,
    random: new SystemRandom(),
    location: { directory: 'file:///harness', sharedDirectory: 'file:///harness' },
    inlineThresholdBytes: Number.POSITIVE_INFINITY,
  })
  const keyedHandle = keyed && (await storeKeyedSnapshot(keyed, streams, async () => 10))
  const operator = operatorState && (await storeOperatorSnapshot(operatorState, streams))
  return {
    ...(keyedHandle !== undefined && { keyed: keyedHandle }),
    ...(operator !== undefined && { operator }),
  }
}

/** The part of one subtask in the states of all subtasks, as a JobMaster would give it out. */
export function restoreFor(
  states: readonly OperatorTestState[],
  subtask: { subtaskIndex: number; parallelism: number; maxParallelism: number },
): OperatorRestoreSource & Pick<ChainRestore, 'checkpointId'> {
  const { subtaskIndex, parallelism } = subtask
  const keyedHandles = states.flatMap(({ state }) => state.keyed ?? [])
  const operatorHandles = new Map<number, OperatorStateHandle>()
  for (const { subtaskIndex: i, state } of states) {
    if (state.operator !== undefined) operatorHandles.set(i, state.operator)
  }
  const change = { old: states.length, new: parallelism }
  return {
    checkpointId: states[0]!.checkpointId,
    keyed: { parts: assignKeyGroups(keyedHandles, subtask)[subtaskIndex]!, open },
    operatorState: {
      parts: redistributeOperatorState(operatorHandles, change)[subtaskIndex]!,
      open,
    },
  }
}
