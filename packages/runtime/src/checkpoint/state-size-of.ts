import { type CheckpointMetadata, sizesOf } from '@flink-ts/state'

/** Bytes of all state of a checkpoint; shared files have handles in it. */
export function stateSizeOf({ operators }: CheckpointMetadata): number {
  let bytes = 0
  for (const { subtasks, coordinatorState } of operators) {
    bytes += coordinatorState?.length ?? 0
    for (const state of subtasks.values()) bytes += sizesOf(state).stateSize
  }
  return bytes
}
