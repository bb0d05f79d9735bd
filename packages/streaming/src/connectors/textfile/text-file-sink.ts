import {
  type Committer,
  type CommitterInitContext,
  type FileSystem,
  FlinkError,
  type MasterInitContext,
  type ModuleReference,
  type ResumeRecoverable,
  type Sink,
  type WriterInitContext,
} from '@flink-ts/core'
import { jsonSerializer } from '../splits/json-serializer.js'
import { TextFileWriter } from './text-file-writer.js'

/** Settings of a {@link TextFileSink}. JSON. */
export interface TextFileSinkOptions {
  /** URI or absolute path. */
  readonly path: string
  /** What happens to what is already there; by default the job is refused. */
  readonly mode?: 'exclusive' | 'overwrite'
}

/** A file that has been written but cannot be seen yet. JSON. */
export interface TextFileCommittable {
  readonly path: string
  readonly state: ResumeRecoverable
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
 * write hidden files, which committers make visible at the end of input; a job that fails leaves nothing.
 */
export class TextFileSink<T> implements Sink<T, TextFileCommittable> {
  readonly initializeOnMaster: ModuleReference
  readonly committableSerializer = jsonSerializer<TextFileCommittable>('a written text file')
  readonly #path: string

  constructor(options: TextFileSinkOptions) {
    this.#path = options.path
    this.initializeOnMaster = {
      module: '@flink-ts/streaming',
      exportName: 'initializeTextFileSink',
      config: { path: options.path, mode: options.mode ?? 'exclusive' },
    }
  }

  async createWriter(context: WriterInitContext): Promise<TextFileWriter<T>> {
    const { parallelism, subtaskIndex, fileSystems } = context
    const folder = parallelism > 1 ? this.#path.replace(/\/+$/, '') : undefined
    const path = folder === undefined ? this.#path : `${folder}/${subtaskIndex + 1}`
    const fileSystem = fileSystems.forPath(path)
    if (folder !== undefined) await fileSystem.mkdirs(folder)
    return TextFileWriter.open(fileSystem, path, folder)
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
