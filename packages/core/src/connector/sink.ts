import type { Clock } from '../clock/clock.js'
import type { FileSystems } from '../filesystem/file-system.js'
import type { FunctionSnapshotContext } from '../functions/checkpointed-function.js'
import type { Random } from '../random/random.js'
import type { ModuleReference, SimpleVersionedSerializer } from './source.js'

/**
 * Writes data (Flink's Sink V2). A sink that commits answers a committer for what its writers prepared; one whose
 * writers have state of their own restores them from it.
 */
export interface Sink<T, CommT = never, WriterStateT = unknown> {
  createWriter(
    context: WriterInitContext,
  ): SinkWriter<T, CommT, WriterStateT> | Promise<SinkWriter<T, CommT, WriterStateT>>
  /**
   * Instead of `createWriter` when the job is restored: `states` are what writers answered to `snapshotState`, divided
   * among the subtasks, so that there may be none or several of them.
   */
  restoreWriter?(
    context: WriterInitContext,
    states: readonly WriterStateT[],
  ): SinkWriter<T, CommT, WriterStateT> | Promise<SinkWriter<T, CommT, WriterStateT>>
  /** Present exactly when the writers answer state. */
  readonly writerStateSerializer?: SimpleVersionedSerializer<WriterStateT>
  /** Present exactly when the writers answer committables. */
  createCommitter?(context: CommitterInitContext): Committer<CommT> | Promise<Committer<CommT>>
  readonly committableSerializer?: SimpleVersionedSerializer<CommT>
  /**
   * What the JobManager runs once before the job's first deployment, such as making the output folder
   * or refusing one that exists: a function `(config, context) => Promise<void>`.
   */
  readonly initializeOnMaster?: ModuleReference
}

/**
 * Takes the records of one subtask, in the task's thread. Methods are called one at a time; what one of them throws
 * fails the task.
 */
export interface SinkWriter<T, CommT = never, WriterStateT = unknown> {
  /** Synchronous; may buffer. */
  write(element: T, context: SinkWriterContext): void
  /** Writes out what is buffered; `endOfInput` is true the last time. */
  flush(endOfInput: boolean): void | Promise<void>
  /**
   * Resolves when the writer can take more; undefined: it can now. Asked between records,
   * this is how a slow sink slows the task down without blocking it.
   */
  whenWritable?(): Promise<void> | undefined
  /** What a committer is to make visible: all since the last time. Called after `flush`. */
  prepareCommit?(): CommT[] | Promise<CommT[]>
  /**
   * What `restoreWriter` is to be given. Called after `prepareCommit`, before the next record. A savepoint may be restored more
   * than once, and also when this job has gone on and ended.
   */
  snapshotState?(
    checkpointId: bigint,
    context: FunctionSnapshotContext,
  ): WriterStateT[] | Promise<WriterStateT[]>
  close(): void | Promise<void>
}

/** Facts about the element that is being written; valid during the call only. */
export interface SinkWriterContext {
  /** Event time of the element, if it has one. */
  timestampMs(): number | undefined
  /** `Number.MIN_SAFE_INTEGER` before the first watermark. */
  currentWatermarkMs(): number
}

/** The part of the world that a writer is made with. */
export interface WriterInitContext {
  readonly jobId: string
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly attemptNumber: number
  /** The checkpoint or savepoint that this attempt began with; undefined when it began without. */
  readonly restoredCheckpointId?: bigint | undefined
  readonly clock: Clock
  readonly random: Random
  readonly fileSystems: FileSystems
  /** Where `print()` goes: the .out file of the TaskManager, or standard output of an embedded run. */
  readonly stdout: LineWriter
}

/** Takes whole lines; writes them synchronously in batches, from the thread that calls it. */
export interface LineWriter {
  writeLine(line: string): void
  flush(): void
}

/** The part of the world that a committer is made with. */
export interface CommitterInitContext {
  readonly jobId: string
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly fileSystems: FileSystems
}

/** One committable and the answer about it. Without a call it counts as committed when `commit` returns. */
export interface CommitRequest<CommT> {
  readonly committable: CommT
  /** 0 at the first attempt. */
  readonly numberOfRetries: number
  retryLater(): void
  signalAlreadyCommitted(): void
  /** It cannot be committed: fails the job. */
  signalFailedWithKnownReason(error: Error): void
  /** Committing went wrong: fails the job. */
  signalFailedWithUnknownReason(error: Error): void
  updateAndRetryLater(committable: CommT): void
}

/** Makes prepared output visible. Must be idempotent: a commit is repeated after a failure. */
export interface Committer<CommT> {
  commit(requests: CommitRequest<CommT>[]): void | Promise<void>
  close(): void | Promise<void>
}

/** What an `initializeOnMaster` function is given. */
export interface MasterInitContext {
  readonly jobId: string
  readonly parallelism: number
  readonly fileSystems: FileSystems
  /**
   * A later leader goes on with the job, or it begins with a checkpoint or savepoint: it was initialized before, and what is
   * there may be its own.
   */
  readonly isRecovered: boolean
}
