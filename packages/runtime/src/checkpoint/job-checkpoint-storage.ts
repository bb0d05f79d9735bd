import type { FileSystems, Random } from '@flink-ts/core'
import {
  type CheckpointLocation,
  type CheckpointMetadata,
  discardStateHandle,
  encodeMetadata,
  FileSystemCheckpointStorage,
  type StateHandle,
} from '@flink-ts/state'
import type { CheckpointStorageSettings } from './checkpoint-configuration.js'
import type { CheckpointStorage } from './checkpoint-storage.js'

/** Shown as the path of a checkpoint that lies in the memory of the JobManager; Flink's. */
export const NO_EXTERNAL_PATH = '<checkpoint-not-externally-addressable>'

/** State of one subtask that is kept in the memory of the JobManager is not larger, in bytes; Flink's. */
export const MAX_STATE_IN_JOB_MANAGER = 5 * 1024 * 1024

/**
 * Where the checkpoints of one job are: in files, or, without a folder for them, in the memory of the JobManager. Savepoints
 * are always in files.
 */
export class JobCheckpointStorage implements CheckpointStorage {
  readonly #fileSystems: FileSystems
  readonly #files: FileSystemCheckpointStorage
  readonly #inFiles: boolean
  readonly #hasOwnFolder: boolean

  constructor(options: {
    readonly settings: CheckpointStorageSettings
    readonly fileSystems: FileSystems
    readonly random: Random
    readonly jobId: string
  }) {
    const { directory, createSubdirectory } = options.settings
    this.#fileSystems = options.fileSystems
    this.#inFiles = directory !== undefined
    this.#hasOwnFolder = createSubdirectory
    this.#files = new FileSystemCheckpointStorage({
      fileSystems: options.fileSystems,
      random: options.random,
      jobId: options.jobId,
      createSubdirectory,
      ...(directory !== undefined && { directory }),
    })
  }

  /** Folder of the checkpoints of the job; undefined: they are in memory. */
  get jobDirectory(): string | undefined {
    return this.#inFiles ? this.#files.jobDirectory : undefined
  }

  /** See {@link FileSystemCheckpointStorage.open}. */
  open(path: string): ReturnType<FileSystemCheckpointStorage['open']> {
    return this.#files.open(path)
  }

  /** See {@link FileSystemCheckpointStorage.highestCheckpointId}. */
  async highestCheckpointId(): Promise<bigint> {
    return this.#inFiles ? this.#files.highestCheckpointId() : 0n
  }

  async initializeCheckpoint(checkpointId: bigint): Promise<CheckpointLocation> {
    if (this.#inFiles) return this.#files.initializeCheckpoint(checkpointId)
    return { directory: NO_EXTERNAL_PATH, sharedDirectory: NO_EXTERNAL_PATH }
  }

  initializeSavepoint(target: string): Promise<CheckpointLocation> {
    return this.#files.initializeSavepoint(target)
  }

  async complete(location: CheckpointLocation, metadata: CheckpointMetadata): Promise<number> {
    const { directory } = location
    if (directory !== NO_EXTERNAL_PATH) return this.#files.complete(location, metadata)
    return encodeMetadata(metadata, directory).bytes.length
  }

  async discard(directory: string): Promise<void> {
    if (directory !== NO_EXTERNAL_PATH) await this.#files.discard(directory)
  }

  discardHandle(handle: StateHandle): Promise<void> {
    return discardStateHandle(this.#fileSystems, handle)
  }

  /** Nothing of the job is kept: what is left of its folder goes, as what came for checkpoints that were given up. Idempotent. */
  async discardJobDirectory(): Promise<void> {
    const directory = this.jobDirectory
    // A folder that jobs share is nobody's to remove.
    if (directory === undefined || !this.#hasOwnFolder) return
    await this.#fileSystems.forPath(directory).delete(directory, { recursive: true })
  }
}
