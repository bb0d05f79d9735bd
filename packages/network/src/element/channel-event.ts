/** What a barrier asks for. Names are Flink's. */
export type SnapshotType =
  | 'CHECKPOINT'
  | 'FULL_CHECKPOINT'
  | 'SAVEPOINT'
  | 'SAVEPOINT_SUSPEND'
  | 'SAVEPOINT_TERMINATE'

/**
 * How the barriers of a checkpoint travel. AT_LEAST_ONCE: nobody waits for the others. ALIGNED: what comes behind a barrier
 * waits. UNALIGNED: they overtake what is on its way. FORCED_ALIGNED: aligned, although the checkpoint is unaligned elsewhere.
 */
export type BarrierAlignment = 'AT_LEAST_ONCE' | 'ALIGNED' | 'UNALIGNED' | 'FORCED_ALIGNED'

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
      readonly alignment: BarrierAlignment
      /** Of unaligned ones, in ms: so long after `timestampMs` they travel aligned. 0: not at all. */
      readonly alignedTimeoutMs: number
      /**
       * Of a priority barrier, numbers of slots of its channel: it has overtaken those before `until`, and its sender has stored
       * those from `from` on.
       */
      readonly overtaken?: { readonly from: number; readonly until: number }
      /** Folder of a savepoint; tasks know those of checkpoints. */
      readonly targetLocation?: string
    }
  | { readonly type: 'CANCEL_CHECKPOINT'; readonly checkpointId: bigint }

/** Where state before it and state after it are told apart. */
export type CheckpointBarrier = Extract<ChannelEvent, { type: 'CHECKPOINT_BARRIER' }>

/** Whether a subtask's output has data at the moment; an idle one does not hold watermarks back. */
export type WatermarkStatus = 'ACTIVE' | 'IDLE'
