import type { SnapshotType } from '@flink-ts/network'

/** What one checkpoint is for, and how it is treated. */
export interface CheckpointProperties {
  readonly snapshotType: SnapshotType
  readonly isPeriodic: boolean
  /** Begins although others are pending, and without a pause. */
  readonly isForced: boolean
  /** Savepoints: the folder that theirs is made in. */
  readonly target?: string
}

export const PERIODIC_CHECKPOINT: CheckpointProperties = {
  snapshotType: 'CHECKPOINT',
  isPeriodic: true,
  isForced: false,
}

/** One that a person asked for. */
export function manualCheckpoint(full: boolean): CheckpointProperties {
  const snapshotType = full ? 'FULL_CHECKPOINT' : 'CHECKPOINT'
  return { snapshotType, isPeriodic: false, isForced: false }
}

export function savepoint(
  target: string,
  type: 'SAVEPOINT' | 'SAVEPOINT_SUSPEND' | 'SAVEPOINT_TERMINATE' = 'SAVEPOINT',
): CheckpointProperties {
  return { snapshotType: type, isPeriodic: false, isForced: true, target }
}

/** Savepoints belong to who asked for them: they are never subsumed, and never restored from by themselves. */
export function isSavepoint({ snapshotType }: CheckpointProperties): boolean {
  return snapshotType.startsWith('SAVEPOINT')
}

/** Whether tasks wait for the notification of this savepoint, to end. */
export function isSynchronous({ snapshotType }: CheckpointProperties): boolean {
  return snapshotType === 'SAVEPOINT_SUSPEND' || snapshotType === 'SAVEPOINT_TERMINATE'
}

/** REST's `checkpoint_type`. */
export function restTypeOf(
  properties: CheckpointProperties,
  unaligned: boolean,
): 'CHECKPOINT' | 'UNALIGNED_CHECKPOINT' | 'SAVEPOINT' | 'SYNC_SAVEPOINT' {
  if (isSynchronous(properties)) return 'SYNC_SAVEPOINT'
  if (isSavepoint(properties)) return 'SAVEPOINT'
  return unaligned ? 'UNALIGNED_CHECKPOINT' : 'CHECKPOINT'
}
