import type { Clock, Configuration, Logger } from '@flink-ts/core'
import type {
  DataLocation,
  InputGateDescriptor,
  ResultPartitionDescriptor,
  ShuffleDescriptor,
} from '../environment/descriptors.js'
import type {
  ChannelMetrics,
  ShuffleEnvironmentOptions,
} from '../environment/shuffle-environment-options.js'
import type { DebloatingMetrics } from '../gate/gate-debloater.js'
import type { InputGate } from '../gate/input-gate.js'
import type { WritablePartition } from '../partition/channel-output.js'
import type { ResultPartitionOptions } from '../partition/result-partition.js'

/**
 * How the records of a cluster go from task to task. The network of this package is one; another, which keeps
 * results apart from the TaskManagers, is a module that exports one of these as `shuffleService`.
 */
export interface ShuffleServiceFactory {
  /** For a JobManager. One for all of its jobs. */
  createShuffleMaster(context: ShuffleMasterContext): Promise<ShuffleMaster>
  /** For a TaskManager. */
  createShuffleEnvironment(context: ShuffleEnvironmentContext): Promise<TaskManagerShuffle>
}

export interface ShuffleMasterContext {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
}

export interface ShuffleEnvironmentContext extends ShuffleEnvironmentOptions {
  readonly configuration: Configuration
}

/** The JobManager's side: knows where partitions are to be found. Used in the main threads of JobMasters. */
export interface ShuffleMaster {
  /** A JobMaster begins to run the job. */
  registerJob(jobId: string): void
  /** It does so no more: what is still registered for the job will not be read. */
  unregisterJob(jobId: string): void
  /**
   * A producer is about to be deployed; the answer goes to its consumers. Called once per attempt and
   * partition. A service that has to ask somebody does so in its environments: this answers at once.
   *
   * @param producer the TaskManager that the producer goes to
   */
  registerPartition(
    jobId: string,
    partition: ResultPartitionDescriptor,
    producer: DataLocation,
  ): ShuffleDescriptor
  /**
   * Finished partitions that nobody will read (any more). Their TaskManagers are told as well. Those of
   * attempts that did not finish are released by their environments, and last known until the job's end.
   */
  releasePartitions(jobId: string, partitionIds: readonly string[]): void
  /** The JobManager ends. */
  close(): Promise<void>
}

/**
 * The TaskManager's side, used in its main thread. The handles that it makes are opaque to everybody but its
 * {@link TaskShuffle}; tasks may be worker threads, so handles can be cloned.
 */
export interface TaskManagerShuffle {
  /** Where peers are served; 0: nowhere. */
  readonly dataPort: number
  /** For tasks in this thread. */
  readonly taskShuffle: TaskShuffle
  /** For tasks in threads of their own. */
  readonly taskShuffleHandle: TaskShuffleHandle
  createResultPartition(descriptor: ResultPartitionDescriptor): unknown
  createInputGate(descriptor: InputGateDescriptor): unknown
  /** They are not wanted, or not any more; their producers do not write. Unknown ids are ignored. */
  releasePartitions(partitionIds: readonly string[]): void
  /** The task has written all of it. Unknown ids are ignored. */
  producerEnded(partitionId: string): void
  /** The task does not read it any more. Unknown ids are ignored. */
  closeInputGate(gateId: string): void
  /** Undefined if there is no such partition. */
  partitionMetrics(partitionId: string): readonly ChannelMetrics[] | undefined
  /** Undefined if there is no such gate. */
  gateMetrics(gateId: string): readonly ChannelMetrics[] | undefined
  /** Undefined if there is no such gate, or if its buffers are not debloated. */
  debloatingMetrics(gateId: string): DebloatingMetrics | undefined
  /** Ends everything. Tasks must have ended. */
  close(): Promise<void>
}

/** A task's side, used in its thread. */
export interface TaskShuffle {
  /** Takes the producer's end. Once per handle. */
  attachPartition(handle: unknown, options: ResultPartitionOptions): WritablePartition
  /** Takes the consumer's end. Once per handle. */
  attachGate(handle: unknown, clock: Clock): InputGate
}

/** Cloneable form of a {@link TaskShuffle}. */
export interface TaskShuffleHandle {
  /** What the thread imports: it exports `attachTaskShuffle(data)`. Absent: the network of this package. */
  readonly module?: string
  readonly data: unknown
}
