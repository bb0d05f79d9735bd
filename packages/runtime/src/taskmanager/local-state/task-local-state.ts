import { FileNotFoundError, type FileSystem, type FileSystems, type Logger } from '@flink-ts/core'
import type { OpenedState, StateCopies, StateHandle } from '@flink-ts/state'
import type { TaskRestore } from '../../checkpoint/task-restore.js'
import { linkLocalFile } from './link-local-file.js'
import { LocalStateCopy } from './local-state-copy.js'
import { LocalStateFiles } from './local-state-files.js'
import {
  checkpointFolder,
  type LocalStateFolders,
  nameOf,
  sharedFolder,
} from './local-state-folders.js'

export interface TaskLocalStateOptions {
  readonly fileSystems: FileSystems
  readonly folders: LocalStateFolders
  readonly log: Logger
  /** What the task begins with. Absent: with nothing. */
  readonly restore: TaskRestore | undefined
  /** Default: {@link linkLocalFile}, if the folders are on this machine; else shared files are not copied. */
  readonly linkFile?: (source: string, target: string) => Promise<void>
}

/** Keys may be names of files; none of a checkpoint that somebody else wrote leads out of the folder. */
const NAME = /^[\w-][\w.-]*$/

/**
 * Second copies of a subtask's state on its TaskManager: written with the checkpoint, kept until a newer one is complete, read in place of the
 * checkpoint's own files when the task starts again there. Nothing that happens to them fails a checkpoint or a task.
 */
export class TaskLocalState {
  readonly #fileSystem: FileSystem
  readonly #folders: LocalStateFolders
  readonly #log: Logger
  readonly #linkFile: ((source: string, target: string) => Promise<void>) | undefined
  readonly #restored: LocalStateFiles | undefined
  /** Files that several checkpoints use, by checkpoint that began here and is not subsumed. */
  readonly #sharedOf = new Map<bigint, Set<string>>()
  /** Those that are there. */
  readonly #present = new Set<string>()
  #completedId = 0n
  /** Removals, one after the other. */
  #removing: Promise<void> = Promise.resolve()

  constructor(options: TaskLocalStateOptions) {
    const { fileSystems, folders, log, restore } = options
    this.#fileSystem = fileSystems.forPath(folders.own)
    this.#folders = folders
    this.#log = log
    this.#linkFile =
      options.linkFile ?? (this.#fileSystem.scheme === 'file' ? linkLocalFile : undefined)
    if (restore === undefined) return
    this.#completedId = restore.checkpointId
    if (folders.isRead) {
      this.#restored = new LocalStateFiles({ fileSystem: this.#fileSystem, folders, log, restore })
    }
  }

  /** Undefined: no copies are made. */
  copies(checkpointId: bigint): StateCopies | undefined {
    if (!this.#folders.isWritten) return undefined
    const folder = checkpointFolder(this.#folders.own, checkpointId)
    const shared = new Set<string>()
    this.#sharedOf.set(checkpointId, shared)
    return {
      begin: (path) =>
        new LocalStateCopy(this.#fileSystem, `${folder}/${nameOf(path)}`, (localPath, error) =>
          this.#log.warn('A local copy of state cannot be written', { localPath, error }),
        ),
      keepShared: (key, source) => {
        shared.add(key)
        return this.#keepShared(key, source)
      },
    }
  }

  /** The copy of a file that the task begins with. @returns undefined: there is none that is intact */
  async open(handle: StateHandle): Promise<OpenedState | undefined> {
    return this.#restored?.open(handle)
  }

  /** Older checkpoints are not restored any more. Repeated and late calls change nothing. */
  completed(checkpointId: bigint): void {
    if (!this.#folders.isWritten || checkpointId <= this.#completedId) return
    this.#completedId = checkpointId
    // Of a checkpoint in which the task took no part nothing is known.
    if (!this.#sharedOf.has(checkpointId)) return
    for (const id of this.#sharedOf.keys()) if (id < checkpointId) this.#sharedOf.delete(id)
    this.#remove(async () => {
      await this.#removeIn(this.#folders.own, (name) => isOlder(name, checkpointId))
      const isNeeded = (name: string) => [...this.#sharedOf.values()].some((keys) => keys.has(name))
      await this.#removeIn(sharedFolder(this.#folders.own), (name) => !isNeeded(name))
    })
  }

  /** Nothing comes of a checkpoint. */
  aborted(checkpointId: bigint): void {
    if (!this.#folders.isWritten) return
    this.#sharedOf.delete(checkpointId)
    const folder = checkpointFolder(this.#folders.own, checkpointId)
    this.#remove(() => this.#fileSystem.delete(folder, { recursive: true }))
  }

  /** Resolves when nothing is removed any more. What there is stays, for the next attempt. */
  close(): Promise<void> {
    return this.#removing
  }

  async #keepShared(key: string, source: string): Promise<void> {
    if (this.#linkFile === undefined || this.#present.has(key) || !NAME.test(key)) return
    const target = `${sharedFolder(this.#folders.own)}/${key}`
    try {
      await this.#linkFile(source, target)
      this.#present.add(key)
    } catch (error) {
      this.#log.warn('A local copy of state cannot be made', { localPath: target, error })
    }
  }

  async #removeIn(folder: string, isUseless: (name: string) => boolean): Promise<void> {
    try {
      for (const { path } of await this.#fileSystem.list(folder)) {
        const name = nameOf(path)
        if (!isUseless(name)) continue
        this.#present.delete(name)
        await this.#fileSystem.delete(path, { recursive: true })
      }
    } catch (error) {
      if (!(error instanceof FileNotFoundError)) throw error
    }
  }

  #remove(work: () => Promise<unknown>): void {
    this.#removing = this.#removing.then(work).then(
      () => {},
      (error) => {
        // It is tried again with the next checkpoint, and goes with the job.
        const folder = this.#folders.own
        this.#log.warn('Local copies of state could not be removed', { folder, error })
      },
    )
  }
}

/** Whether it is the folder of an older checkpoint. */
function isOlder(name: string, checkpointId: bigint): boolean {
  const id = /^chk_(\d+)$/.exec(name)?.[1]
  return id !== undefined && BigInt(id) < checkpointId
}
