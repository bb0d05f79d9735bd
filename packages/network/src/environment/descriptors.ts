/** How records find their subpartition; Flink's partitioners. */
export type PartitionerType =
  | 'FORWARD'
  | 'REBALANCE'
  | 'RESCALE'
  | 'SHUFFLE'
  | 'BROADCAST'
  | 'GLOBAL'
  | 'HASH'
  | 'CUSTOM'

/** Where a TaskManager's data port is. */
export interface DataLocation {
  readonly resourceId: string
  readonly host: string
  /** 0 in a process without data server (embedded): it can be reached from inside only. */
  readonly dataPort: number
}

/** What one subtask writes: N subpartitions, each read once if pipelined. Plain JSON. */
export interface ResultPartitionDescriptor {
  readonly partitionId: string
  /** Who writes it, such as `Source (1/2)`; for messages. */
  readonly ownerName?: string
  readonly numberOfSubpartitions: number
  readonly partitioner: PartitionerType
  /** `blocking`: into files, read when it has ended, any number of times. Default `pipelined_bounded`. */
  readonly type?: 'pipelined_bounded' | 'pipelined' | 'blocking'
}

/** One producer of a gate: its partition and the TaskManager that holds it. Plain JSON. */
export interface ShuffleDescriptor {
  readonly partitionId: string
  readonly location: DataLocation
  /** What another shuffle service than the network knows of it. */
  readonly info?: unknown
}

/** Subpartition indexes, both inclusive. */
export interface SubpartitionRange {
  readonly first: number
  readonly last: number
}

/**
 * What one subtask reads: of each producer the same range of subpartitions. Plain JSON.
 * The channels of the gate are numbered producer by producer, within a producer by subpartition.
 */
export interface InputGateDescriptor {
  /** Unique on its TaskManager, such as `<executionAttemptId>/0`. */
  readonly gateId: string
  /** Who reads it, such as `Sink (2/2)`; for messages. */
  readonly ownerName?: string
  readonly consumedSubpartitions: SubpartitionRange
  /**
   * Producer i is read at this range instead of `consumedSubpartitions` (pointwise edges, where each
   * producer numbers its own consumers). Same length as `producers`.
   */
  readonly consumedSubpartitionsPerProducer?: readonly SubpartitionRange[]
  readonly producers: readonly ShuffleDescriptor[]
}
