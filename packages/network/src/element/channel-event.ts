/** What a barrier asks for. Names are Flink's. */
export type SnapshotType =
  | 'CHECKPOINT'
  | 'FULL_CHECKPOINT'
  | 'SAVEPOINT'
  | 'SAVEPOINT_SUSPEND'
  | 'SAVEPOINT_TERMINATE'

/**
 * A message between the records of a channel, in their order; a buffer of its own.
 * It needs no network buffer unless it is large, so that it passes a full channel's quota.
 */
export type ChannelEvent =
  /** The last one of a channel: nothing follows, the channel's resources are given back. */
  | { readonly type: 'END_OF_PARTITION' }
  /** The producer has no more records. `drain`: operators emit what they hold (not so with stop-with-savepoint without drain). */
  | { readonly type: 'END_OF_DATA'; readonly drain: boolean }
  | {
      readonly type: 'CHECKPOINT_BARRIER'
      readonly checkpointId: bigint
      /** When the coordinator triggered it, ms since the epoch. */
      readonly timestampMs: number
      readonly snapshotType: SnapshotType
      readonly unaligned: boolean
      /** Encoded location of the checkpoint, for whoever writes state. */
      readonly targetLocation?: string
    }
  | { readonly type: 'CANCEL_CHECKPOINT'; readonly checkpointId: bigint }

/** Whether a subtask's output has data at the moment; an idle one does not hold watermarks back. */
export type WatermarkStatus = 'ACTIVE' | 'IDLE'
