import type {
  AccumulatorRegistry,
  Clock,
  FileSystems,
  KeyHandleSource,
  LineWriter,
  Logger,
  OperatorId,
  Random,
  SerializerRegistry,
  SocketConnector,
} from '@flink-ts/core'
import type { MetricGroup } from '@flink-ts/metrics'
import type { KeyedStateBackend } from '@flink-ts/state'
import type { ManagedMemory } from '../taskmanager/memory/managed-memory.js'
import type { SpillFiles } from './spill-files.js'
import type {
  FinishContext,
  StateInitializationContext,
  StateSnapshotContext,
} from './state-contexts.js'
import type { InternalTimerService, Triggerable } from './timers/internal-timer-service.js'
import type { ProcessingTimeService } from './timers/processing-time-service.js'

/** Timestamp of a record that has none. */
export const NO_TIMESTAMP = Number.NaN

/** Where an operator emits. Calls the next operator of the chain directly, or writes to the network. */
export interface Output {
  /** @param timestamp event time in ms, or {@link NO_TIMESTAMP} */
  collect(value: unknown, timestamp: number): void
  emitWatermark(timestampMs: number): void
  /** The output has no data for now: watermarks do not wait for it. */
  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void
  /**
   * Resolves when what is behind can take more; undefined (or no such method): it can now. For operators that
   * emit much at once, in `finish`; between elements the task asks by itself.
   */
  whenAvailable?(): Promise<void> | undefined
}

/** What an operator is made with: its place in the job and its injected world. */
export interface OperatorContext {
  readonly jobId: string
  readonly jobName: string
  /** Name of the task with subtask, such as `tokenize (2/4)`. */
  readonly taskName: string
  readonly operatorId: OperatorId
  readonly operatorName: string
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly maxParallelism: number
  readonly attemptNumber: number
  readonly jobType: 'STREAMING' | 'BATCH'
  /** The job's configuration over that of the cluster. */
  readonly configuration: import('@flink-ts/core').Configuration
  readonly output: Output
  readonly clock: Clock
  readonly random: Random
  readonly fileSystems: FileSystems
  readonly sockets: SocketConnector
  readonly stdout: LineWriter
  readonly metrics: MetricGroup
  /** Of the whole task: its operators share them. */
  readonly accumulators: AccumulatorRegistry
  readonly log: Logger
  /** Runs an action between two records of this task, in the task's own thread. */
  readonly mailbox: MailboxExecutor
  /** The operator's share of its slot's managed memory, by the weight that the JobGraph gives it. */
  readonly managedMemory: ManagedMemory
  /** Files for what does not fit into memory. */
  readonly spillFiles: SpillFiles
  /** Of the program's own classes. */
  readonly serializers?: SerializerRegistry
  /** Sends an event to this operator's coordinator on the JobManager; kept in order, delivered once. */
  sendEventToCoordinator(event: Uint8Array): void
  /** Of the head of a chain: keys of its HASH inputs may come with handles; its keyed state claims them when made. */
  readonly keyHandles?: KeyHandleSource
  /** Keyed state of this operator; made on first use. Only behind a HASH edge. */
  keyedState(): KeyedStateBackend
  /** Calls of this operator at a time of the clock, as mails of its task. */
  readonly processingTime: ProcessingTimeService
  /**
   * Timers of keys, a part of the keyed state; the same service for every call with that name. The operator hands it the
   * watermark. Only behind a HASH edge.
   */
  timerService<N = undefined>(name: string, target: Triggerable<N>): InternalTimerService<N>
}

/** Queues actions into a task's own thread. */
export interface MailboxExecutor {
  execute(action: () => void | Promise<void>, description: string): void
}

/**
 * One operator of a chain, in one subtask. Calls come in the order
 * initializeState → open → (process… | a checkpoint)* → finish → (a checkpoint) → close; on failure or cancellation straight
 * to close. A checkpoint is prepareSnapshotPreBarrier → snapshotState, and some time later, with records in between, one of
 * notifyCheckpointComplete and notifyCheckpointAborted, or neither. Process calls are synchronous. While the answer of any
 * other call is a promise, nothing else happens in the task.
 */
export interface StreamOperator {
  /** Before `open`, also of a job that begins anew: takes back what was restored. Keyed state is restored already. */
  initializeState?(context: StateInitializationContext): void | Promise<void>
  open(): void | Promise<void>
  /**
   * A checkpoint is about to be taken, and its barrier not sent: what the operator emits now belongs to the time before it.
   * From the head of the chain to its tail. Must not change who gets which key.
   */
  prepareSnapshotPreBarrier?(checkpointId: bigint): void | Promise<void>
  /**
   * The barrier is out: what is in the operator state and in the keyed state when this returns is in the checkpoint. From the
   * tail of the chain to its head. Must not emit.
   */
  snapshotState?(context: StateSnapshotContext): void | Promise<void>
  /**
   * The checkpoint of this id, and with it all that this task took before, can be restored from. Comes for rising ids; that of a
   * checkpoint may be missing, when a later one comes.
   */
  notifyCheckpointComplete?(checkpointId: bigint): void | Promise<void>
  /** The checkpoint of this id will never be complete. May be missing. */
  notifyCheckpointAborted?(checkpointId: bigint): void | Promise<void>
  /**
   * At the end of input a checkpoint must be taken and completed before the task may end, if the job takes any: a sink's last
   * output becomes visible only then. Asked before `finish`. Default: no.
   */
  readonly needsFinalCheckpoint?: boolean
  /** All input has been processed: emit what is left. @param context default: no checkpoint follows */
  finish(context?: FinishContext): void | Promise<void>
  close(): void | Promise<void>
  /** Events of the operator's coordinator. */
  handleOperatorEvent?(event: Uint8Array): void
  /**
   * Between batches: resolves when the operator can take more; undefined: it can now. How a slow
   * sink slows its task down.
   */
  whenReady?(): Promise<void> | undefined
}

/** Takes one stream. */
export interface OneInputStreamOperator extends StreamOperator {
  processElement(value: unknown, timestamp: number): void
  processWatermark(timestampMs: number): void
  processWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void
}

/** Which inputs a two-input operator wants to read. */
export type InputSelection = 'ALL' | 'FIRST' | 'SECOND'

/**
 * Takes two streams, which the task reads fairly in turn, unless the operator selects (Flink's `InputSelectable`).
 */
export interface TwoInputStreamOperator extends StreamOperator {
  /**
   * Asked before each element: the input that it may be of. The other one is not read, so that its producers
   * come to a halt. Absent: all. What two inputs have in common upstream must not need both to be read.
   */
  nextSelection?(): InputSelection
  /** All data of input 1 or 2 have been processed. A selection of that input fails the task from then on. */
  endInput?(input: 1 | 2): void
  processElement1(value: unknown, timestamp: number): void
  processElement2(value: unknown, timestamp: number): void
  processWatermark1(timestampMs: number): void
  processWatermark2(timestampMs: number): void
  processWatermarkStatus1(status: 'ACTIVE' | 'IDLE'): void
  processWatermarkStatus2(status: 'ACTIVE' | 'IDLE'): void
}

/** Head of a source task. */
export interface SourceStreamOperator extends StreamOperator {
  /** Emits a bounded batch into its output without blocking. */
  emitNext(): import('@flink-ts/core').InputStatus
  /** Asked after NOTHING_AVAILABLE. */
  isAvailable(): Promise<void>
}

/** Makes operators of one kind. What a trace of the program yields per operator id. */
export interface OperatorFactory {
  /** How the task drives the operator. */
  readonly type: 'oneInput' | 'twoInput' | 'source'
  /** The operators keep nothing of what they emit: a chained consumer may have it without a copy. Default false. */
  readonly emitsOwn?: boolean
  /** It neither changes nor keeps what it takes, so that it needs no copies. Default false. */
  readonly onlyReads?: boolean
  createOperator(context: OperatorContext): StreamOperator
}

/** The code of an edge: which key a record has, and for CUSTOM which channel that key goes to. */
export interface EdgeFunctions {
  readonly keySelector?: (value: unknown) => unknown
  /** CUSTOM only. @returns the channel, 0 ≤ n < numberOfChannels */
  readonly partition?: (key: unknown, numberOfChannels: number) => number
}

/** All code of a job: what the task threads look up operators and edges in. */
export interface JobCode {
  readonly operators: ReadonlyMap<string, OperatorFactory>
  readonly edges: ReadonlyMap<string, EdgeFunctions>
  /** Of the program's own classes. */
  readonly serializers?: SerializerRegistry
}
