import {
  type Committer,
  type OperatorListState,
  type OperatorListStateDescriptor,
  type Sink,
  type SinkWriter,
  type SinkWriterContext,
  Types,
} from '@flink-ts/core'
import { CommitFailedError } from './commit-failed-error.js'
import { COMMIT_RETRY_DELAY_MS, Committables } from './committables.js'
import type {
  FinishContext,
  StateInitializationContext,
  StateSnapshotContext,
} from './state-contexts.js'
import type { OneInputStreamOperator, OperatorContext, OperatorFactory } from './stream-operator.js'
import { VersionedList, versionedListDescriptor } from './versioned-list.js'
import { NO_WATERMARK } from './watermarks.js'

/** Makes the operators that write into a {@link Sink} and commit what its writers prepared. */
export function sinkOperatorFactory<T, CommT>(sink: Sink<T, CommT>): OperatorFactory {
  return {
    type: 'oneInput',
    createOperator: (context) => new SinkWriterOperator(sink, context),
  }
}

/** Flink's name. */
const WRITER_STATE = versionedListDescriptor('writer_raw_states')
/** Higher than every id of a checkpoint. */
const ALL_CHECKPOINTS = 2n ** 63n - 1n

interface StoredCommittable {
  readonly checkpointId: bigint
  readonly version: number
  readonly bytes: Uint8Array
}

const COMMITTABLES: OperatorListStateDescriptor<StoredCommittable> = {
  name: 'committables',
  type: Types.object({ checkpointId: Types.long, version: Types.int, bytes: Types.bytes }),
}

/**
 * Writes one stream into a sink, whose output becomes visible in two phases: before the barrier of a checkpoint the writer is
 * flushed and asked for committables, which are state until the checkpoint is complete; then they are committed, with
 * all earlier ones. A restored operator commits what it finds. At the end of input they are committed at once, unless a
 * checkpoint follows. What no checkpoint has is not committed when the task fails or is cancelled.
 */
export class SinkWriterOperator<T, CommT> implements OneInputStreamOperator {
  readonly needsFinalCheckpoint: boolean
  readonly #sink: Sink<T, CommT>
  readonly #context: OperatorContext
  readonly #writerContext: SinkWriterContext
  readonly #committables: Committables<CommT>
  #writer: SinkWriter<T, CommT> | undefined
  #committer: Committer<CommT> | undefined
  #restoredCheckpointId: bigint | undefined
  #writerStates: VersionedList<unknown> | undefined
  #stored: OperatorListState<StoredCommittable> | undefined
  /** Of the end of input; they belong to the checkpoint that follows. */
  #last: CommT[] = []
  #completedId = 0n
  #timestamp = Number.NaN
  #watermark = NO_WATERMARK
  #finished = false
  #closed = false

  constructor(sink: Sink<T, CommT>, context: OperatorContext) {
    this.#sink = sink
    this.#context = context
    this.needsFinalCheckpoint = sink.createCommitter !== undefined
    this.#committables = new Committables(context.operatorName)
    this.#writerContext = {
      timestampMs: () => (Number.isNaN(this.#timestamp) ? undefined : this.#timestamp),
      currentWatermarkMs: () => this.#watermark,
    }
  }

  initializeState(context: StateInitializationContext): void {
    const { createCommitter, committableSerializer, writerStateSerializer } = this.#sink
    this.#restoredCheckpointId = context.restoredCheckpointId
    if (writerStateSerializer !== undefined) {
      const state = context.operatorState().getListState(WRITER_STATE)
      this.#writerStates = new VersionedList(state, writerStateSerializer)
    }
    if (createCommitter === undefined || committableSerializer === undefined) return
    this.#stored = context.operatorState().getListState(COMMITTABLES)
    for (const { checkpointId, version, bytes } of this.#stored.get()) {
      this.#committables.add(checkpointId, [committableSerializer.deserialize(version, bytes)])
    }
  }

  async open(): Promise<void> {
    // All of the restored checkpoint, whose notification may never have come.
    await this.#commitFully(ALL_CHECKPOINTS)
    const { jobId, subtaskIndex, parallelism, attemptNumber } = this.#context
    const { clock, random, fileSystems, stdout } = this.#context
    const restoredCheckpointId = this.#restoredCheckpointId
    const context = {
      ...{ jobId, subtaskIndex, parallelism, attemptNumber, clock, random, fileSystems, stdout },
      restoredCheckpointId,
    }
    const writer =
      restoredCheckpointId !== undefined && this.#sink.restoreWriter !== undefined
        ? await this.#sink.restoreWriter(context, this.#writerStates?.get() ?? [])
        : await this.#sink.createWriter(context)
    this.#writer = writer
    if (writer.whenWritable !== undefined) this.whenReady = () => writer.whenWritable!()
  }

  whenReady(): Promise<void> | undefined {
    return undefined
  }

  processElement(value: unknown, timestamp: number): void {
    this.#timestamp = timestamp
    this.#writer!.write(value as T, this.#writerContext)
  }

  processWatermark(timestampMs: number): void {
    this.#watermark = timestampMs
    this.#context.output.emitWatermark(timestampMs)
  }

  processWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#context.output.emitWatermarkStatus(status)
  }

  async prepareSnapshotPreBarrier(checkpointId: bigint): Promise<void> {
    if (!this.#finished) this.#last = await this.#flush(false)
    this.#committables.add(checkpointId, this.#last)
    this.#last = []
  }

  async snapshotState(context: StateSnapshotContext): Promise<void> {
    // Writers have none when there is no serializer for it.
    const states = await this.#writer!.snapshotState?.(context.checkpointId, context)
    this.#writerStates?.update(states ?? [])
    this.#storeCommittables()
  }

  async notifyCheckpointComplete(checkpointId: bigint): Promise<void> {
    if (checkpointId <= this.#completedId) return
    this.#completedId = checkpointId
    // After the end of input there is nothing that must not wait.
    if (this.#finished) await this.#commitFully(checkpointId)
    else await this.#commitOnce()
  }

  async finish({ checkpointFollows }: FinishContext = { checkpointFollows: false }): Promise<void> {
    this.#last = await this.#flush(true)
    this.#finished = true
    if (checkpointFollows) return
    this.#committables.add(ALL_CHECKPOINTS, this.#last)
    this.#last = []
    await this.#commitFully(ALL_CHECKPOINTS)
  }

  async close(): Promise<void> {
    this.#closed = true
    try {
      await this.#committer?.close()
    } finally {
      await this.#writer?.close()
    }
  }

  async #flush(endOfInput: boolean): Promise<CommT[]> {
    const writer = this.#writer!
    await writer.flush(endOfInput)
    const committables = await writer.prepareCommit?.()
    return this.#sink.createCommitter === undefined ? [] : (committables ?? [])
  }

  #storeCommittables(): void {
    const all = this.#committables.all()
    const { committableSerializer: serializer } = this.#sink
    if (this.#stored !== undefined && serializer !== undefined) {
      const { version } = serializer
      this.#stored.update(
        all.map(({ checkpointId, committable }) => ({
          ...{ checkpointId, version },
          bytes: serializer.serialize(committable),
        })),
      )
      return
    }
    if (all.length === 0) return
    throw new CommitFailedError(
      `Sink "${this.#context.operatorName}" cannot take part in a checkpoint: what it commits cannot be stored, ` +
        'because the sink has no committableSerializer',
    )
  }

  /** One attempt; those that ask for another one get it later, with records in between. */
  async #commitOnce(): Promise<void> {
    const upTo = this.#completedId
    if (this.#closed || !this.#committables.has(upTo)) return
    const again = await this.#committables.commit(await this.#getCommitter(), upTo)
    if (!again) return
    const { processingTime } = this.#context
    processingTime.registerTimer(
      processingTime.currentTimeMs() + COMMIT_RETRY_DELAY_MS,
      () => this.#commitOnce(),
      'commit again',
    )
  }

  async #commitFully(upToCheckpointId: bigint): Promise<void> {
    if (!this.#committables.has(upToCheckpointId)) return
    await this.#committables.commitFully(await this.#getCommitter(), upToCheckpointId, {
      clock: this.#context.clock,
      isCancelled: () => this.#closed,
    })
  }

  async #getCommitter(): Promise<Committer<CommT>> {
    const { jobId, subtaskIndex, parallelism, fileSystems } = this.#context
    this.#committer ??= await this.#sink.createCommitter!({
      ...{ jobId, subtaskIndex, parallelism, fileSystems },
    })
    return this.#committer
  }
}
