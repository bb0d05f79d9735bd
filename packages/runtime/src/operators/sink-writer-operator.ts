import type { Sink, SinkWriter, SinkWriterContext } from '@flink-ts/core'
import { commitAll } from './commit-all.js'
import type { OneInputStreamOperator, OperatorContext, OperatorFactory } from './stream-operator.js'
import { NO_WATERMARK } from './watermarks.js'

/** Makes the operators that write into a {@link Sink} and commit what its writers prepared. */
export function sinkOperatorFactory<T, CommT>(sink: Sink<T, CommT>): OperatorFactory {
  return {
    type: 'oneInput',
    createOperator: (context) => new SinkWriterOperator(sink, context),
  }
}

/**
 * Writes one stream into a sink. At the end of input it flushes the writer and commits what that has
 * prepared; a task that fails or is cancelled commits nothing.
 */
export class SinkWriterOperator<T, CommT> implements OneInputStreamOperator {
  readonly #sink: Sink<T, CommT>
  readonly #context: OperatorContext
  readonly #writerContext: SinkWriterContext
  #writer: SinkWriter<T, CommT> | undefined
  #timestamp = Number.NaN
  #watermark = NO_WATERMARK
  #closed = false

  constructor(sink: Sink<T, CommT>, context: OperatorContext) {
    this.#sink = sink
    this.#context = context
    this.#writerContext = {
      timestampMs: () => (Number.isNaN(this.#timestamp) ? undefined : this.#timestamp),
      currentWatermarkMs: () => this.#watermark,
    }
  }

  async open(): Promise<void> {
    const { jobId, subtaskIndex, parallelism, attemptNumber, clock, fileSystems, stdout } =
      this.#context
    const writer = await this.#sink.createWriter({
      jobId,
      subtaskIndex,
      parallelism,
      attemptNumber,
      clock,
      fileSystems,
      stdout,
    })
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

  async finish(): Promise<void> {
    const writer = this.#writer!
    await writer.flush(true)
    const committables = (await writer.prepareCommit?.()) ?? []
    if (this.#sink.createCommitter === undefined || committables.length === 0) return
    const { jobId, subtaskIndex, parallelism, fileSystems, clock } = this.#context
    const committer = await this.#sink.createCommitter({
      jobId,
      subtaskIndex,
      parallelism,
      fileSystems,
    })
    try {
      await commitAll(committer, committables, {
        clock,
        isCancelled: () => this.#closed,
        sinkName: this.#context.operatorName,
      })
    } finally {
      await committer.close()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writer?.close()
  }
}
