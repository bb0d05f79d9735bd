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
   * side. Built-in sources have one; without it the enumerator is the user's code.
   */
  readonly coordinatorReference?: ModuleReference
}

export interface SplitEnumerator<SplitT extends SourceSplit, CheckpointT> {
  start(): void
  /** A reader has no split left and asks for one. */
  handleSplitRequest(subtaskId: number, requesterHostname: string | undefined): void
  /** Splits of a failed reader that no completed checkpoint covers come back. */
  addSplitsBack(splits: SplitT[], subtaskId: number): void
  addReader(subtaskId: number): void
  handleSourceEvent?(subtaskId: number, event: Uint8Array): void
  snapshotState(checkpointId: bigint): CheckpointT | Promise<CheckpointT>
  notifyCheckpointComplete?(checkpointId: bigint): void
  close(): void | Promise<void>
}

export interface SplitEnumeratorContext<SplitT extends SourceSplit> {
  /** The number of reader subtasks. */
  currentParallelism(): number
  /** Subtasks whose reader has registered. */
  registeredReaders(): ReadonlySet<number>
  assignSplit(split: SplitT, subtaskId: number): void
  signalNoMoreSplits(subtaskId: number): void
  sendEventToSourceReader(subtaskId: number, event: Uint8Array): void
  /** Runs `work` outside and hands its outcome back in the enumerator's own turn. */
  callAsync<R>(
    work: () => Promise<R>,
    handler: (result: R | undefined, error: unknown) => void,
  ): void
  readonly fileSystems: import('../filesystem/file-system.js').FileSystems
}

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

export interface SourceReader<T, SplitT extends SourceSplit> {
  start(): void
  /**
   * Emits a batch of records without blocking (some hundreds at the most, so that the task stays
   * responsive). `NOTHING_AVAILABLE`: not before `isAvailable()` resolves.
   */
  pollNext(output: ReaderOutput<T>): InputStatus
  isAvailable(): Promise<void>
  addSplits(splits: SplitT[]): void
  notifyNoMoreSplits(): void
  handleSourceEvent?(event: Uint8Array): void
  snapshotState(checkpointId: bigint): SplitT[]
  notifyCheckpointComplete?(checkpointId: bigint): void
  pauseOrResumeSplits?(pause: string[], resume: string[]): void
  close(): void | Promise<void>
}

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

export interface SocketConnection {
  onData(listener: (bytes: Uint8Array) => void): void
  onEnd(listener: () => void): void
  onError(listener: (error: Error) => void): void
  /** Back-pressure: no more `onData` until `resume()`. */
  pause(): void
  resume(): void
  close(): void
}
