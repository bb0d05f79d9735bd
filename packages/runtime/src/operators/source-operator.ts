import type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceReader,
  SourceReaderContext,
  SourceSplit,
} from '@flink-ts/core'
import { decodeCoordinatorEvent, encodeReaderEvent } from './source-events.js'
import type { StateInitializationContext, StateSnapshotContext } from './state-contexts.js'
import {
  NO_TIMESTAMP,
  type OperatorContext,
  type OperatorFactory,
  type Output,
  type SourceStreamOperator,
} from './stream-operator.js'
import { VersionedList, versionedListDescriptor } from './versioned-list.js'

/** Flink's name. */
const READER_STATE = versionedListDescriptor('SourceReaderState')

/** What a source operator emits into instead of its plain output: assigns timestamps, makes watermarks. */
export interface SourceOutput extends Output {
  /** Stops its timers. */
  close(): void
}

export interface SourceOperatorOptions<T, SplitT extends SourceSplit> {
  /** Asked once per subtask, in the task's thread. */
  readonly source: Source<T, SplitT, unknown>
  /** Puts a watermark strategy between reader and output; without one, records pass as they are. */
  readonly decorateOutput?: (context: OperatorContext) => SourceOutput
}

/** Makes the operators that drive the readers of a {@link Source}. */
export function sourceOperatorFactory<T, SplitT extends SourceSplit>(
  options: SourceOperatorOptions<T, SplitT>,
): OperatorFactory {
  return {
    type: 'source',
    createOperator: (context) => new SourceOperator(options, context),
  }
}

/**
 * Drives one source reader: registers it at the coordinator, passes splits and events to it, and its
 * records on. The coordinator's events are those of `source-events.ts`. The splits that the reader has are in checkpoints, and
 * a restored reader gets them before it registers.
 */
export class SourceOperator<T, SplitT extends SourceSplit> implements SourceStreamOperator {
  readonly #options: SourceOperatorOptions<T, SplitT>
  readonly #context: OperatorContext
  readonly #decorated: SourceOutput | undefined
  readonly #readerOutput: ReaderOutput<T>
  #reader: SourceReader<T, SplitT> | undefined
  #splits: VersionedList<SplitT> | undefined
  #stopped = false
  /** Ends the wait for records that will not be read. */
  #wakeUp: (() => void) | undefined

  constructor(options: SourceOperatorOptions<T, SplitT>, context: OperatorContext) {
    this.#options = options
    this.#context = context
    this.#decorated = options.decorateOutput?.(context)
    const output = this.#decorated ?? context.output
    this.#readerOutput = {
      collect: (record) => output.collect(record, NO_TIMESTAMP),
      collectWithTimestamp: (record, timestampMs) => output.collect(record, timestampMs),
      emitWatermark: (timestampMs) => output.emitWatermark(timestampMs),
      markIdle: () => output.emitWatermarkStatus('IDLE'),
      markActive: () => output.emitWatermarkStatus('ACTIVE'),
    }
  }

  initializeState(context: StateInitializationContext): void {
    const state = context.operatorState().getListState(READER_STATE)
    this.#splits = new VersionedList(state, this.#options.source.splitSerializer)
  }

  open(): void {
    const context = this.#context
    const readerContext: SourceReaderContext = {
      subtaskIndex: context.subtaskIndex,
      parallelism: context.parallelism,
      clock: context.clock,
      fileSystems: context.fileSystems,
      sockets: context.sockets,
      sendSplitRequest: () =>
        context.sendEventToCoordinator(encodeReaderEvent({ type: 'requestSplit', host: '' })),
      sendSourceEventToCoordinator: (event) =>
        context.sendEventToCoordinator(encodeReaderEvent({ type: 'sourceEvent', event })),
    }
    this.#reader = this.#options.source.createReader(readerContext)
    const restored = this.#splits?.get() ?? []
    if (restored.length > 0) this.#reader.addSplits(restored)
    // Before start: the reader may ask for a split there, and nobody asks before it has registered.
    context.sendEventToCoordinator(encodeReaderEvent({ type: 'register', host: '' }))
    this.#reader.start()
  }

  emitNext(): InputStatus {
    return this.#stopped ? 'END_OF_INPUT' : this.#reader!.pollNext(this.#readerOutput)
  }

  isAvailable(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#wakeUp = resolve
      this.#reader!.isAvailable().then(resolve, reject)
    })
  }

  handleOperatorEvent(payload: Uint8Array): void {
    const reader = this.#reader!
    const event = decodeCoordinatorEvent(payload)
    switch (event.type) {
      case 'addSplits': {
        const { splitSerializer } = this.#options.source
        reader.addSplits(event.splits.map((s) => splitSerializer.deserialize(event.version, s)))
        return
      }
      case 'noMoreSplits':
        reader.notifyNoMoreSplits()
        return
      case 'stop':
        this.#stopped = true
        this.#wakeUp?.()
        return
      case 'sourceEvent':
        reader.handleSourceEvent?.(event.event)
    }
  }

  snapshotState({ checkpointId }: StateSnapshotContext): void {
    this.#splits!.update(this.#reader!.snapshotState(checkpointId))
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.#reader!.notifyCheckpointComplete?.(checkpointId)
  }

  finish(): void {}

  async close(): Promise<void> {
    this.#decorated?.close()
    await this.#reader?.close()
  }
}
