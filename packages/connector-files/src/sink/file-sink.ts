import type { Committer, CommitterInitContext, Sink, WriterInitContext } from '@flink-ts/core'
import { jsonSerializer, lineOf } from '@flink-ts/streaming'
import { checkAbsolute } from '../check-absolute.js'
import { type BucketAssigner, dateTimeBucketAssigner } from './bucket-assigner.js'
import { FileCommitter } from './file-committer.js'
import {
  type Encoder,
  type FileSinkCommittable,
  FileWriter,
  type FileWriterOptions,
  type FileWriterState,
} from './file-writer.js'
import { type OutputFileConfig, PartNames } from './part-names.js'
import { onCheckpointRollingPolicy, type RollingPolicy } from './rolling-policy.js'
import { takeBack } from './take-back.js'

/** What a {@link FileSink} is made of. */
interface FileSinkOptions<T> extends FileWriterOptions<T> {
  readonly takesBack: boolean
}

/**
 * Writes rows into part files `part-<uid>-<n>` of buckets, each row exactly once: a file is written hidden, ends with a
 * checkpoint at the latest, and becomes visible when that checkpoint is complete. Without checkpoints files become
 * visible at the end of input only. Hidden files of attempts that ended before their first checkpoint may stay.
 */
export class FileSink<T> implements Sink<T, FileSinkCommittable, FileWriterState> {
  readonly committableSerializer = jsonSerializer<FileSinkCommittable>('a part file')
  readonly writerStateSerializer = jsonSerializer<FileWriterState>('the state of a file writer')
  readonly #options: FileSinkOptions<T>

  /**
   * Begins a sink of rows below `basePath`, an absolute path or URI. The encoder answers what stands in the file for an
   * element, with its line end; by default its text as `print` shows it, and `\n`.
   *
   * @throws InvalidProgramError if the path is relative
   */
  static forRowFormat<T>(
    basePath: string,
    encoder: Encoder<T> = (element) => `${lineOf(element)}\n`,
  ): FileSinkBuilder<T> {
    checkAbsolute('write', basePath)
    return new FileSinkBuilder({
      basePath: basePath.replace(/(?<=[^/:])\/+$/, ''),
      encode: encoder,
      assignBucket: dateTimeBucketAssigner,
      rollingPolicy: onCheckpointRollingPolicy,
      names: new PartNames({}),
      takesBack: false,
    })
  }

  /** @internal */
  constructor(options: FileSinkOptions<T>) {
    this.#options = options
  }

  async createWriter(context: WriterInitContext): Promise<FileWriter<T>> {
    // A later attempt that begins from nothing: what earlier ones have committed comes again.
    if (context.attemptNumber > 0) await this.#takeBack(context, [])
    return new FileWriter(this.#options, context)
  }

  async restoreWriter(
    context: WriterInitContext,
    states: readonly FileWriterState[],
  ): Promise<FileWriter<T>> {
    await this.#takeBack(context, states)
    return new FileWriter(this.#options, context)
  }

  createCommitter(context: CommitterInitContext): Committer<FileSinkCommittable> {
    return new FileCommitter(context.fileSystems)
  }

  #takeBack(context: WriterInitContext, states: readonly FileWriterState[]): Promise<void> {
    const { basePath, names, takesBack } = this.#options
    return takeBack(context.fileSystems.forPath(basePath), {
      basePath,
      names,
      writer: context,
      states,
      finishedFiles: takesBack,
    })
  }
}

/** Settings of a {@link FileSink}. */
export class FileSinkBuilder<T> {
  readonly #options: FileSinkOptions<T>

  /** @internal */
  constructor(options: FileSinkOptions<T>) {
    this.#options = options
  }

  /** Default: a bucket for each hour of processing time. */
  withBucketAssigner(assigner: BucketAssigner<T>): FileSinkBuilder<T> {
    return new FileSinkBuilder({ ...this.#options, assignBucket: assigner })
  }

  /** Default: one part file for each bucket, subtask and checkpoint. */
  withRollingPolicy(rollingPolicy: RollingPolicy): FileSinkBuilder<T> {
    return new FileSinkBuilder({ ...this.#options, rollingPolicy })
  }

  withOutputFileConfig(config: OutputFileConfig): FileSinkBuilder<T> {
    return new FileSinkBuilder({ ...this.#options, names: new PartNames(config) })
  }

  /**
   * A job that is restored from a checkpoint that is not its newest one (the newest was damaged, or an earlier savepoint
   * was asked for) removes visible files that were committed after it: their rows come again. Without it they stand
   * there twice, as with every sink that commits. Not for output that is taken from its folder, or that another job
   * which was restored from the same savepoint writes as well.
   */
  withTakeBackOnRestore(): FileSinkBuilder<T> {
    return new FileSinkBuilder({ ...this.#options, takesBack: true })
  }

  build(): FileSink<T> {
    return new FileSink(this.#options)
  }
}
