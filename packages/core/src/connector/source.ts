/** Whether a source ends by itself. */
export type Boundedness = 'BOUNDED' | 'CONTINUOUS_UNBOUNDED'

/** A part of a source's input that one reader reads at a time. */
export interface SourceSplit {
  readonly splitId: string
}

/** Turns values into bytes that a later version can still read. */
export interface SimpleVersionedSerializer<T> {
  readonly version: number
  serialize(value: T): Uint8Array
  deserialize(version: number, bytes: Uint8Array): T
}

/**
 * Names code that is built from data, so that the JobManager can run it without the user's program:
 * `module` is a package of the cluster, `exportName` a function of it that takes `config`.
 */
export interface ModuleReference {
  readonly module: string
  readonly exportName: string
  /** JSON. */
  readonly config: unknown
}

/**
 * Reads data (Flink's FLIP-27): an enumerator on the JobManager finds the splits and assigns them,
 * one reader per subtask reads them.
 */
export interface Source<T, SplitT extends SourceSplit = SourceSplit, EnumCheckpointT = unknown> {
  readonly boundedness: Boundedness
  createReader(context: SourceReaderContext): SourceReader<T, SplitT>
  createEnumerator(
    context: SplitEnumeratorContext<SplitT>,
  ): SplitEnumerator<SplitT, EnumCheckpointT>
  restoreEnumerator(
    context: SplitEnumeratorContext<SplitT>,
    checkpoint: EnumCheckpointT,
  ): SplitEnumerator<SplitT, EnumCheckpointT>
  readonly splitSerializer: SimpleVersionedSerializer<SplitT>
  readonly enumeratorCheckpointSerializer: SimpleVersionedSerializer<EnumCheckpointT>
  /**
   * Where the JobManager finds a function `(config) => Source` that makes this source's enumerator
   * side. Built-in sources have one; without it the enumerator would be the user's code, which no
   * JobManager runs yet: `fromSource` refuses such a source.
   */
  readonly coordinatorReference?: ModuleReference
}

/**
 * Finds the splits of a source and gives them to its readers. One per job, on the JobManager; its methods are called
 * one at a time. What one of them throws fails the job.
 */
export interface SplitEnumerator<SplitT extends SourceSplit, CheckpointT> {
  start(): void
  /** A reader has no split left and asks for one. */
  handleSplitRequest(subtaskId: number, requesterHostname: string | undefined): void
  /** Splits of a failed reader that no completed checkpoint covers come back. */
  addSplitsBack(splits: SplitT[], subtaskId: number): void
  /** A reader has registered; again after each restart of its subtask. */
  addReader(subtaskId: number): void
  handleSourceEvent?(subtaskId: number, event: Uint8Array): void
  /** All that a restored enumerator needs: splits that were found and not assigned, and how to go on finding. */
  snapshotState(checkpointId: bigint): CheckpointT | Promise<CheckpointT>
  notifyCheckpointComplete?(checkpointId: bigint): void
  close(): void | Promise<void>
}

/** What an enumerator works with. Its methods may be called from within the enumerator's own turns only. */
export interface SplitEnumeratorContext<SplitT extends SourceSplit> {
  /** The number of reader subtasks. */
  currentParallelism(): number
  /** Subtasks whose reader has registered. */
  registeredReaders(): ReadonlySet<number>
  /** Gives a split to a reader; one that has not registered yet gets it then. */
  assignSplit(split: SplitT, subtaskId: number): void
  /** The reader ends when it has read what it has. */
  signalNoMoreSplits(subtaskId: number): void
  sendEventToSourceReader(subtaskId: number, event: Uint8Array): void
  /**
   * Runs `work` outside and hands its outcome back in the enumerator's own turn.
   *
   * @param periodMs again and again, each time this long after the outcome before was handed back; absent: once
   */
  callAsync<R>(
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
    periodMs?: number,
  ): void
  readonly fileSystems: import('../filesystem/file-system.js').FileSystems
}

/** What a poll left behind: more to read now, nothing for the moment, or the end. */
export type InputStatus = 'MORE_AVAILABLE' | 'NOTHING_AVAILABLE' | 'END_OF_INPUT'

/** Where a reader puts what it reads. */
export interface ReaderOutput<T> {
  collect(record: T): void
  /** @param timestampMs event time */
  collectWithTimestamp(record: T, timestampMs: number): void
  emitWatermark(timestampMs: number): void
  markIdle(): void
  markActive(): void
}

/**
 * Reads the splits of one subtask, in the task's thread. Its methods are called one at a time and must not block.
 * What one of them throws fails the task.
 */
export interface SourceReader<T, SplitT extends SourceSplit> {
  start(): void
  /**
   * Emits a batch of records without blocking (some hundreds at the most, so that the task stays
   * responsive). `NOTHING_AVAILABLE`: not before `isAvailable()` resolves.
   */
  pollNext(output: ReaderOutput<T>): InputStatus
  /** Resolves when another poll may find something; already, if it would now. */
  isAvailable(): Promise<void>
  addSplits(splits: SplitT[]): void
  /** The reader answers `END_OF_INPUT` when it has read the splits that it has. */
  notifyNoMoreSplits(): void
  handleSourceEvent?(event: Uint8Array): void
  /** The splits that are not read to their end, with how far they are. */
  snapshotState(checkpointId: bigint): SplitT[]
  notifyCheckpointComplete?(checkpointId: bigint): void
  pauseOrResumeSplits?(pause: string[], resume: string[]): void
  close(): void | Promise<void>
}

/** The part of the world that a reader is made with. */
export interface SourceReaderContext {
  readonly subtaskIndex: number
  readonly parallelism: number
  readonly clock: import('../clock/clock.js').Clock
  readonly fileSystems: import('../filesystem/file-system.js').FileSystems
  readonly sockets: SocketConnector
  /** Asks the enumerator for a split; the answer is a later `addSplits` or `notifyNoMoreSplits`. */
  sendSplitRequest(): void
  sendSourceEventToCoordinator(event: Uint8Array): void
}

/** Opens outgoing byte streams; injected, so that a simulation can stand in for the network. */
export interface SocketConnector {
  connect(host: string, port: number): SocketConnection
}

/** A connection that is being made or is open. Listeners are added in the turn of `connect`; none is called after `close`. */
export interface SocketConnection {
  onData(listener: (bytes: Uint8Array) => void): void
  onEnd(listener: () => void): void
  onError(listener: (error: Error) => void): void
  /** Back-pressure: no more `onData` until `resume()`. */
  pause(): void
  resume(): void
  close(): void
}
