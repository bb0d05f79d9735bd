import { FileNotFoundError, type FileSystems, type OperatorId } from '@flink-ts/core'
import {
  type OpenedState,
  type OpenStateHandle,
  openStateHandle,
  SnapshotCorruptError,
  type StateHandle,
} from '@flink-ts/state'
import type { TaskRestore } from '../../checkpoint/task-restore.js'
import type { ChainRestore, OperatorRestoreSource } from '../../operators/state-contexts.js'

/** Opens files of state of a checkpoint. @param openLocal finds a copy that is nearer; see `TaskLocalState.open` */
export function restoreOpener(
  fileSystems: FileSystems,
  openLocal?: (handle: StateHandle) => Promise<OpenedState | undefined>,
): OpenStateHandle {
  return async (handle) => (await openLocal?.(handle)) ?? (await openOrCorrupt(fileSystems, handle))
}

/** What the operators of a task go on from. */
export function chainRestore(restore: TaskRestore, open: OpenStateHandle): ChainRestore {
  const operators = new Map<OperatorId, OperatorRestoreSource>()
  for (const [operatorId, { keyed, operatorState }] of restore.operators) {
    operators.set(operatorId as OperatorId, {
      ...(keyed.length > 0 && { keyed: { parts: keyed, open } }),
      ...(operatorState.length > 0 && { operatorState: { parts: operatorState, open } }),
    })
  }
  return { checkpointId: restore.checkpointId, operators }
}

/** A file that is gone is as bad as one that is damaged: an older checkpoint may be whole. */
async function openOrCorrupt(
  fileSystems: FileSystems,
  handle: StateHandle,
): ReturnType<OpenStateHandle> {
  try {
    return await openStateHandle(fileSystems, handle)
  } catch (cause) {
    if (!(cause instanceof FileNotFoundError)) throw cause
    const path = handle.kind === 'file' ? handle.path : '(inline)'
    throw new SnapshotCorruptError({ path, position: 0, found: 'the file is gone', cause })
  }
}
