import {
  type Committer,
  type CommitterInitContext,
  type FileSystem,
  FlinkError,
  type MasterInitContext,
  type ModuleReference,
  type Sink,
  type WriterInitContext,
} from '@flink-ts/core'
import { jsonSerializer } from '../splits/json-serializer.js'
import {
  type TextFileCommittable,
  type TextFileState,
  TextFileWriter,
  type TextFileWriterOptions,
} from './text-file-writer.js'

/** Settings of a {@link TextFileSink}. JSON. */
export interface TextFileSinkOptions {
  /** URI or absolute path. */
  readonly path: string
  /** What happens to what is already there; by default the job is refused. */
  readonly mode?: 'exclusive' | 'overwrite'
}

/** The output of a job is already there. */
export class OutputExistsError extends FlinkError {
  readonly path: string

  constructor(path: string, reason: string) {
    super(
      `Cannot write to ${path}: ${reason}; give a path that does not exist, or overwrite it with the mode 'overwrite'`,
      { code: 'FLINK_FILE_EXISTS' },
    )
    this.path = path
  }
}

/**
 * Writes lines of text: one writer into the file `path`, several into files 1, 2, … in the folder `path`. Writers
 * write hidden files, which committers make visible at the end of input; a job that fails leaves nothing, unless it took
 * checkpoints, which remember the hidden files and how far they were written.
 */
export class TextFileSink<T> implements Sink<T, TextFileCommittable, TextFileState> {
  readonly initializeOnMaster: ModuleReference
  readonly committableSerializer = jsonSerializer<TextFileCommittable>('a written text file')
  readonly writerStateSerializer = jsonSerializer<TextFileState>(
    'a text file that is being written',
  )
  readonly #path: string

  constructor(options: TextFileSinkOptions) {
    this.#path = options.path
    this.initializeOnMaster = {
      module: '@flink-ts/streaming',
      exportName: 'initializeTextFileSink',
      config: { path: options.path, mode: options.mode ?? 'exclusive' },
    }
  }

  createWriter(context: WriterInitContext): Promise<TextFileWriter<T>> {
    return TextFileWriter.open(this.#fileOf(context, ''))
  }

  /**
   * @throws OutputExistsError if one writer wrote the file `path`, and several are to go on with it in a folder `path`
   */
  async restoreWriter(
    context: WriterInitContext,
    states: readonly TextFileState[],
  ): Promise<TextFileWriter<T>> {
    // Numbers may be taken by files of subtasks that have ended.
    const options = this.#fileOf(context, `-${context.restoredCheckpointId}`)
    const single = states.find(({ path }) => path === this.#path)
    if (options.folder !== undefined && single !== undefined) {
      const { parallelism } = context
      throw new OutputExistsError(
        this.#path,
        `the checkpoint has it as the file of one writer, and ${parallelism} writers need a folder (leave the parallelism of the sink at 1)`,
      )
    }
    return TextFileWriter.restore(options, states)
  }

  /** @param suffix of the name of one of several files */
  #fileOf(
    { parallelism, subtaskIndex, fileSystems }: WriterInitContext,
    suffix: string,
  ): TextFileWriterOptions {
    const folder = parallelism > 1 ? this.#path.replace(/\/+$/, '') : undefined
    const path = folder === undefined ? this.#path : `${folder}/${subtaskIndex + 1}${suffix}`
    return { fileSystem: fileSystems.forPath(path), path, folder }
  }

  createCommitter(context: CommitterInitContext): Committer<TextFileCommittable> {
    return {
      async commit(requests) {
        for (const { committable } of requests) {
          const fileSystem = context.fileSystems.forPath(committable.path)
          await fileSystem.createResumableWriter().commit(committable.state)
        }
      },
      close() {},
    }
  }
}

/**
 * Refuses an output that is already there, or clears it in overwrite mode. An empty folder is accepted where a
 * folder is written: a job that failed may have left it.
 *
 * @throws OutputExistsError (`FLINK_FILE_EXISTS`)
 * @internal
 */
export async function initializeTextFileSink(
  config: Required<TextFileSinkOptions>,
  context: MasterInitContext,
): Promise<void> {
  const { path, mode } = config
  const fileSystem = context.fileSystems.forPath(path)
  // Files of an earlier leader's attempts are replaced as those of failed attempts are.
  if (context.isRecovered || !(await fileSystem.exists(path))) return
  if (mode === 'overwrite') {
    await fileSystem.delete(path, { recursive: true })
    return
  }
  await refuseUnlessEmptyFolder(fileSystem, path, context.parallelism > 1)
}

async function refuseUnlessEmptyFolder(
  fileSystem: FileSystem,
  path: string,
  folderExpected: boolean,
): Promise<void> {
  const { isDirectory } = await fileSystem.getFileStatus(path)
  if (!isDirectory) throw new OutputExistsError(path, 'there is a file')
  if (!folderExpected) throw new OutputExistsError(path, 'there is a folder')
  const entries = await fileSystem.list(path)
  if (entries.length > 0) throw new OutputExistsError(path, 'there is a folder that is not empty')
}
