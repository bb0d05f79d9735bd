import {
  FileAlreadyExistsError,
  FileNotFoundError,
  type FileSystem,
  type FileSystems,
  type Random,
} from '@flink-ts/core'
import { snapshotSourceOfFile } from '../snapshot/snapshot-source.js'
import { CheckpointLocationTakenError, CheckpointNotFoundError } from './checkpoint-errors.js'
import type { CheckpointMetadata } from './checkpoint-metadata.js'
import { decodeMetadata, encodeMetadata } from './metadata-file.js'

/** Name of the file that makes a checkpoint restorable. */
export const METADATA_FILE_NAME = '_metadata'
/** Made exclusively by who writes into a folder; its content is for people. */
const OWNER_FILE_NAME = '_owner'

/** The folders that the state of one checkpoint is written into. */
export interface CheckpointLocation {
  /** Of this checkpoint alone; what REST calls the external path. */
  readonly directory: string
  /** Of files that several checkpoints use. Savepoints stand alone: it is the same folder. */
  readonly sharedDirectory: string
}

export interface FileSystemCheckpointStorageOptions {
  readonly fileSystems: FileSystems
  readonly random: Random
  readonly jobId: string
  /** `execution.checkpointing.dir`. Absent: savepoints only. */
  readonly directory?: string
  /** `execution.checkpointing.create-subdir`. Default true: `<directory>/<job id>`. */
  readonly createSubdirectory?: boolean
}

/**
 * The JobManager's side of checkpoints in files: `<dir>/<job id>/chk-<n>/_metadata`, and beside the checkpoints `shared/` and
 * `taskowned/`. A checkpoint is there, whole, from the moment when its `_metadata` is; never in part.
 */
export class FileSystemCheckpointStorage {
  readonly #options: FileSystemCheckpointStorageOptions

  constructor(options: FileSystemCheckpointStorageOptions) {
    this.#options = options
  }

  /** Folder of all checkpoints of the job. @throws Error if there is none */
  get jobDirectory(): string {
    const { directory, jobId, createSubdirectory = true } = this.#options
    if (directory === undefined)
      throw new Error('only savepoints can be stored: no directory is set')
    const base = withoutSlash(directory)
    return createSubdirectory ? `${base}/${jobId}` : base
  }

  /**
   * Takes the folder of a checkpoint. Once for each id.
   *
   * @throws CheckpointLocationTakenError (FLINK_CHECKPOINT_LOCATION_TAKEN)
   */
  async initializeCheckpoint(checkpointId: bigint): Promise<CheckpointLocation> {
    const job = this.jobDirectory
    const directory = `${job}/chk-${checkpointId}`
    const fileSystem = this.#fileSystem(directory)
    await fileSystem.mkdirs(`${job}/shared`)
    await fileSystem.mkdirs(`${job}/taskowned`)
    await this.#claim(fileSystem, directory)
    return { directory, sharedDirectory: `${job}/shared` }
  }

  /** Makes a folder `savepoint-<6 digits of the job id>-<12 random digits>` below `target`. */
  async initializeSavepoint(target: string): Promise<CheckpointLocation> {
    const { jobId, random } = this.#options
    const name = `savepoint-${jobId.slice(0, 6)}-${random.hex(6)}`
    const directory = `${withoutSlash(target)}/${name}`
    await this.#claim(this.#fileSystem(directory), directory)
    return { directory, sharedDirectory: directory }
  }

  /**
   * Makes the checkpoint restorable, at once. All files that `metadata` names must be complete.
   *
   * @returns bytes of `_metadata`
   * @throws CheckpointLocationTakenError if there is one already
   */
  async complete(location: CheckpointLocation, metadata: CheckpointMetadata): Promise<number> {
    const { directory } = location
    const path = `${directory}/${METADATA_FILE_NAME}`
    const fileSystem = this.#fileSystem(path)
    if (await fileSystem.exists(path)) throw new CheckpointLocationTakenError(directory)
    const { bytes } = encodeMetadata(metadata, directory)
    const writer = fileSystem.createResumableWriter()
    const stream = await writer.open(path)
    try {
      await stream.write(bytes)
      await writer.commit(await stream.closeForCommit())
    } catch (error) {
      throw await this.#discardAfter(error, directory)
    }
    return bytes.length
  }

  /**
   * Reads and checks the metadata of a checkpoint or savepoint.
   *
   * @param path of the folder or of its `_metadata`
   * @throws CheckpointNotFoundError (FLINK_CHECKPOINT_NOT_FOUND), SnapshotCorruptError, SnapshotVersionError
   */
  async open(path: string): Promise<{
    readonly metadata: CheckpointMetadata
    readonly directory: string
    readonly metadataBytes: number
  }> {
    const given = withoutSlash(path)
    const directory = given.endsWith(`/${METADATA_FILE_NAME}`)
      ? given.slice(0, -METADATA_FILE_NAME.length - 1)
      : given
    const file = `${directory}/${METADATA_FILE_NAME}`
    const fileSystem = this.#fileSystem(file)
    const sizeBytes = await sizeOf(fileSystem, file)
    const stream = await fileSystem.open(file)
    try {
      const source = snapshotSourceOfFile(stream, { path: file, sizeBytes })
      return {
        metadata: await decodeMetadata(source, directory),
        directory,
        metadataBytes: sizeBytes,
      }
    } finally {
      await stream.close()
    }
  }

  /** Removes a checkpoint's folder, `_metadata` first: what is left after a failure is not restorable. Idempotent. */
  async discard(directory: string): Promise<void> {
    const fileSystem = this.#fileSystem(directory)
    await fileSystem.delete(`${directory}/${METADATA_FILE_NAME}`, { recursive: false })
    await fileSystem.delete(directory, { recursive: true })
  }

  /** The highest id for which a folder was begun, complete or not; 0: none. Where a counter without memory goes on. */
  async highestCheckpointId(): Promise<bigint> {
    const directory = this.jobDirectory
    const fileSystem = this.#fileSystem(directory)
    if (!(await fileSystem.exists(directory))) return 0n
    let highest = 0n
    for (const { path } of await fileSystem.list(directory)) {
      const id = /\/chk-(\d+)\/?$/.exec(path)?.[1]
      if (id !== undefined && BigInt(id) > highest) highest = BigInt(id)
    }
    return highest
  }

  /** Whether `_metadata` is there after a failed commit is not known; the checkpoint goes as a whole. */
  async #discardAfter(error: unknown, directory: string): Promise<unknown> {
    try {
      await this.discard(directory)
      return error
    } catch (discardError) {
      const message = `Could not complete the checkpoint in ${directory}, nor remove what there is of it`
      return new AggregateError([error, discardError], message)
    }
  }

  async #claim(fileSystem: FileSystem, directory: string): Promise<void> {
    await fileSystem.mkdirs(directory)
    try {
      const stream = await fileSystem.create(`${directory}/${OWNER_FILE_NAME}`, 'exclusive')
      await stream.write(Buffer.from(`job ${this.#options.jobId}\n`))
      await stream.close()
    } catch (error) {
      if (!(error instanceof FileAlreadyExistsError)) throw error
      throw new CheckpointLocationTakenError(directory, error)
    }
  }

  #fileSystem(path: string): FileSystem {
    return this.#options.fileSystems.forPath(path)
  }
}

async function sizeOf(fileSystem: FileSystem, file: string): Promise<number> {
  try {
    return Number((await fileSystem.getFileStatus(file)).lengthBytes)
  } catch (error) {
    if (error instanceof FileNotFoundError) throw new CheckpointNotFoundError(file, error)
    throw error
  }
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}
