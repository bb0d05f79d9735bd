import { crc32 } from 'node:zlib'
import { FileNotFoundError, type FileStatus, type FileSystem, type Logger } from '@flink-ts/core'
import { type OpenedState, type StateHandle, snapshotSourceOfFile } from '@flink-ts/state'
import type { TaskRestore } from '../../checkpoint/task-restore.js'
import {
  checkpointFolder,
  type LocalStateFolders,
  nameOf,
  sharedFolder,
} from './local-state-folders.js'

/** Bytes that are checked at once. */
const CHECK_BYTES = 1024 * 1024

/** Second copies of the files that a task is restored from, of whichever subtask of the job that ran on this TaskManager. */
export class LocalStateFiles {
  readonly #fileSystem: FileSystem
  readonly #folders: LocalStateFolders
  readonly #log: Logger
  readonly #checkpointId: bigint
  /** Names of files that several checkpoints use, by where the checkpoint has them. */
  readonly #sharedNames: ReadonlyMap<string, string>
  #paths: Promise<ReadonlyMap<string, string>> | undefined

  constructor(options: {
    fileSystem: FileSystem
    folders: LocalStateFolders
    log: Logger
    restore: TaskRestore
  }) {
    const { fileSystem, folders, log, restore } = options
    this.#fileSystem = fileSystem
    this.#folders = folders
    this.#log = log
    this.#checkpointId = restore.checkpointId
    this.#sharedNames = new Map(
      [...restore.operators.values()]
        .flatMap(({ keyed }) => keyed.flatMap(({ handle }) => handle.shared ?? []))
        .flatMap(({ key, handle }) => (handle?.kind === 'file' ? [[handle.path, key]] : [])),
    )
  }

  /** @returns undefined: there is no copy that is intact; the log says so if there is one that is not */
  async open(handle: StateHandle): Promise<OpenedState | undefined> {
    if (handle.kind === 'inline') return undefined
    this.#paths ??= this.#find()
    const name = this.#sharedNames.get(handle.path) ?? nameOf(handle.path)
    const localPath = (await this.#paths).get(name)
    if (localPath === undefined) return undefined
    try {
      const opened = await this.#openIntact(localPath, handle)
      if (opened !== undefined) return opened
      this.#log.warn('A local copy of state is damaged; the checkpoint itself is read', {
        localPath,
        path: handle.path,
      })
      // What several checkpoints use would count as copied.
      await this.#fileSystem.delete(localPath, { recursive: false })
    } catch (error) {
      const facts = { localPath, path: handle.path, error }
      this.#log.warn('A local copy of state cannot be read; the checkpoint itself is read', facts)
    }
    return undefined
  }

  async #openIntact(localPath: string, handle: StateHandle): Promise<OpenedState | undefined> {
    const { sizeBytes, checksum } = handle
    const { lengthBytes } = await this.#fileSystem.getFileStatus(localPath)
    if (lengthBytes !== BigInt(sizeBytes)) return undefined
    const stream = await this.#fileSystem.open(localPath)
    try {
      const buffer = Buffer.allocUnsafe(Math.min(CHECK_BYTES, Math.max(1, sizeBytes)))
      let found = 0
      for (let position = 0; position < sizeBytes; ) {
        const count = await stream.read(buffer, position)
        if (count === 0) break
        found = crc32(buffer.subarray(0, count), found)
        position += count
      }
      if (found === checksum) {
        const source = snapshotSourceOfFile(stream, { path: localPath, sizeBytes })
        return { ...source, localPath, close: () => stream.close() }
      }
    } catch (error) {
      await stream.close()
      throw error
    }
    await stream.close()
    return undefined
  }

  /** Never rejects: what cannot be looked at is not there. */
  async #find(): Promise<ReadonlyMap<string, string>> {
    const paths = new Map<string, string>()
    try {
      for (const folder of this.#folders.ofJob) {
        for (const subtask of await this.#list(folder)) {
          if (!subtask.isDirectory) continue
          const { path } = subtask
          for (const of of [checkpointFolder(path, this.#checkpointId), sharedFolder(path)]) {
            for (const file of await this.#list(of)) paths.set(nameOf(file.path), file.path)
          }
        }
      }
    } catch (error) {
      const facts = { folders: this.#folders.ofJob, error }
      this.#log.warn('Local copies of state cannot be looked at', facts)
    }
    this.#log.info('Local copies of state', {
      checkpointId: `${this.#checkpointId}`,
      files: paths.size,
    })
    return paths
  }

  async #list(folder: string): Promise<FileStatus[]> {
    try {
      return await this.#fileSystem.list(folder)
    } catch (error) {
      if (error instanceof FileNotFoundError) return []
      throw error
    }
  }
}
