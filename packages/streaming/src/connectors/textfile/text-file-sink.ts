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
  type RestoredTextFile,
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

/** What a job had written until its checkpoint is gone. No restart helps. */
export class OutputLostError extends FlinkError {
  readonly path: string

  constructor(path: string, cause: unknown) {
    super(
      `Cannot go on writing to ${path}: the hidden file with what was written until the checkpoint is gone; begin with another savepoint, or leave the state of the sink out (a new uid and --allowNonRestoredState)`,
      { code: 'FLINK_OUTPUT_LOST', cause },
    )
    this.path = path
  }
}

/**
 * Writes lines of text: one writer into the file `path`, several into files 1, 2, … in the folder `path`. Writers
 * write hidden files, which committers make visible at the end of input; a job that fails leaves nothing, unless it took
 * checkpoints, which remember the hidden files and how far they were written. Where a job begins with the savepoint, or a
 * retained checkpoint, of another one, it goes on with copies of them: under the other's path, or under its own if that is another one.
 */
export class TextFileSink<T> implements Sink<T, TextFileCommittable, TextFileState> {
  readonly initializeOnMaster: ModuleReference
  readonly committableSerializer = jsonSerializer<TextFileCommittable>('a written text file')
  readonly writerStateSerializer = jsonSerializer<TextFileState>(
    'a text file that is being written',
  )
  readonly #path: string
  /** Without slashes at its end. */
  readonly #base: string
  readonly #mayReplace: boolean

  constructor(options: TextFileSinkOptions) {
    this.#path = options.path
    this.#base = withoutSlash(options.path)
    this.#mayReplace = options.mode === 'overwrite'
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
   * @throws OutputExistsError if one writer wrote the file `path`, and several are to go on with it in a folder `path`; or if
   * the savepoint was written under another path, and something is under this one
   * @throws OutputLostError if what was written is gone
   */
  async restoreWriter(
    context: WriterInitContext,
    states: readonly TextFileState[],
  ): Promise<TextFileWriter<T>> {
    // Numbers may be taken by files of subtasks that have ended.
    const options = this.#fileOf(context, `-${context.restoredCheckpointId}`)
    const { fileSystem, folder } = options
    const single = states.find(({ path, base = this.#base }) => withoutSlash(path) === base)
    if (folder !== undefined && single !== undefined) {
      const { parallelism } = context
      throw new OutputExistsError(
        this.#path,
        `the checkpoint has it as the file of one writer, and ${parallelism} writers need a folder (leave the parallelism of the sink at 1)`,
      )
    }
    const files: RestoredTextFile[] = []
    for (const { state, ...origin } of states) {
      if (state === undefined) continue
      const path = this.#pathNow(origin)
      if (path !== origin.path && !this.#mayReplace && (await fileSystem.exists(path))) {
        throw new OutputExistsError(path, 'there is a file')
      }
      const isShared = origin.jobId !== context.jobId || path !== origin.path
      files.push({ stored: { ...origin, state }, path, isShared })
    }
    try {
      return await TextFileWriter.restore(options, files)
    } catch (error) {
      if (!FlinkError.is(error) || error.code !== 'FLINK_FILE_NOT_FOUND') throw error
      throw new OutputLostError(this.#path, error)
    }
  }

  /** Where a file is that was written when the sink had another path, perhaps. */
  #pathNow({ path, base = this.#base }: TextFileState): string {
    return base === this.#base ? path : this.#base + withoutSlash(path).slice(base.length)
  }

  /** @param suffix of the name of one of several files */
  #fileOf(
    { parallelism, subtaskIndex, fileSystems, jobId }: WriterInitContext,
    suffix: string,
  ): TextFileWriterOptions {
    const folder = parallelism > 1 ? this.#base : undefined
    const path = folder === undefined ? this.#path : `${folder}/${subtaskIndex + 1}${suffix}`
    const origin = { base: this.#base, jobId }
    return { fileSystem: fileSystems.forPath(path), path, folder, origin }
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

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '')
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
