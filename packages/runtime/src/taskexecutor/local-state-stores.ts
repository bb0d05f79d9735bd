import { tmpdir } from 'node:os'
import {
  CheckpointingOptions,
  ClusterOptions,
  Configuration,
  CoreOptions,
  FileNotFoundError,
  type FileSystems,
  isDeadOwner,
  type Logger,
  PROCESS_OWNER_PATTERN,
  processOwner,
  type ResourceId,
  StateRecoveryOptions,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'
import { type LocalStateFolders, nameOf } from '../taskmanager/local-state/local-state-folders.js'
import type { TaskDeployment } from '../taskmanager/task-launcher.js'

export interface LocalStateStoresOptions {
  /** The cluster's; that of a job goes over it. */
  readonly configuration: Configuration
  readonly resourceId: ResourceId
  readonly fileSystems: FileSystems
}

/** The folder of one subtask. */
interface SubtaskFolder {
  /** The last one that has it. */
  executionAttemptId: string
  /** Checkpoints that have become complete since the attempt was gone. */
  unused: number
}

interface LocalJob {
  readonly folders: Map<string, SubtaskFolder>
  completedId: bigint
}

const PREFIX = 'flink-local-state-'
const OWNED = new RegExp(`^${PREFIX}(${PROCESS_OWNER_PATTERN})-`)
/** How long what an earlier process with the same id has left waits for its jobs, in ms. */
const INHERITED_MS = 600_000

/**
 * The folders of second copies of state on one TaskManager: `<root>/<this TaskManager>/jid_<job>/vtx_<vertex>_sti_<subtask>`. Tasks fill them
 * (`TaskLocalState`); here they are removed when nobody will read them: with the job, or when its subtask runs elsewhere.
 *
 * A TaskManager with a `taskmanager.resource-id` of its own finds again what it had when it was killed.
 */
export class LocalStateStores {
  readonly #options: LocalStateStoresOptions
  readonly #log: Logger
  /** One in each of the configured folders. */
  readonly #roots: readonly string[]
  readonly #jobs = new Map<string, LocalJob>()
  /** A job had copies. */
  #isUsed = false
  /** Folders of jobs that an earlier process had. */
  #inherited: string[] = []
  /** Removals, one after the other. */
  #removing: Promise<void> = Promise.resolve()

  constructor(options: LocalStateStoresOptions & { readonly log: Logger }) {
    this.#options = options
    this.#log = options.log
    const { configuration, resourceId } = options
    const isNamed = configuration.get(TaskManagerOptions.RESOURCE_ID) !== undefined
    const owner = isNamed ? 'tm' : processOwner()
    const name = `${PREFIX}${owner}-${resourceId.replace(/[^\w.-]/g, '-')}`
    this.#roots = parentFolders(configuration).map((parent) => `${parent}/${name}`)
  }

  /** Looks at what others have left, if local copies are configured for all jobs: what dead processes had is removed. */
  start(mainThread: MainThreadExecutor): void {
    if (!this.#isOn(this.#options.configuration)) return
    this.#remove(async () => {
      for (const root of this.#roots) {
        for (const path of await this.#list(root.slice(0, root.lastIndexOf('/')))) {
          const owner = OWNED.exec(nameOf(path))?.[1]
          if (owner !== undefined && isDeadOwner(owner)) await this.#delete(path)
        }
        this.#inherited.push(...(await this.#list(root)))
      }
    })
    mainThread.schedule(INHERITED_MS, () => this.#dropInherited())
  }

  /** Where the task has its copies. @returns undefined: the job has none */
  foldersOf(deployment: Omit<TaskDeployment, 'bundlePath'>): LocalStateFolders | undefined {
    const { job, task, subtaskIndex, executionAttemptId } = deployment
    if (job.checkpointing?.jobDirectory === undefined) return undefined
    const configuration = this.#options.configuration
      .clone()
      .merge(Configuration.fromMap(job.configuration))
    const isWritten = configuration.get(CheckpointingOptions.LOCAL_BACKUP_ENABLED)
    const isRead = configuration.get(StateRecoveryOptions.LOCAL_RECOVERY)
    if (!isWritten && !isRead) return undefined
    this.#isUsed = true
    let known = this.#jobs.get(job.jobId)
    if (known === undefined) {
      known = { folders: new Map(), completedId: 0n }
      this.#jobs.set(job.jobId, known)
    }
    const ofJob = this.#roots.map((root) => `${root}/jid_${job.jobId}`)
    this.#inherited = this.#inherited.filter((path) => !ofJob.some((own) => isSame(path, own)))
    const own = `${ofJob[subtaskIndex % ofJob.length]}/vtx_${task.vertex.id}_sti_${subtaskIndex}`
    known.folders.set(own, { executionAttemptId, unused: 0 })
    return { own, ofJob, isWritten, isRead }
  }

  /**
   * A checkpoint of the job is complete. Folders of subtasks that have not run here since before the one that was complete before are
   * removed.
   *
   * @param isHere whether an attempt is
   */
  completed(jobId: string, checkpointId: bigint, isHere: (attempt: string) => boolean): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined || checkpointId <= job.completedId) return
    job.completedId = checkpointId
    for (const [path, folder] of job.folders) {
      if (isHere(folder.executionAttemptId)) folder.unused = 0
      else if (++folder.unused > 1) {
        job.folders.delete(path)
        this.#remove(() => this.#delete(path))
      }
    }
  }

  /** The job has no slot here any more, and none of its tasks runs. */
  jobGone(jobId: string): void {
    if (!this.#jobs.delete(jobId)) return
    for (const root of this.#roots) this.#remove(() => this.#delete(`${root}/jid_${jobId}`))
  }

  /** Removes everything. No task runs any more. */
  async close(): Promise<void> {
    if (this.#isUsed || this.#isOn(this.#options.configuration)) {
      for (const root of this.#roots) this.#remove(() => this.#delete(root))
    }
    this.#jobs.clear()
    await this.settled()
  }

  /** Resolves when nothing is being removed. */
  settled(): Promise<void> {
    return this.#removing
  }

  #dropInherited(): void {
    for (const path of this.#inherited.splice(0)) this.#remove(() => this.#delete(path))
  }

  #isOn(configuration: Configuration): boolean {
    const isWritten = configuration.get(CheckpointingOptions.LOCAL_BACKUP_ENABLED)
    return isWritten || configuration.get(StateRecoveryOptions.LOCAL_RECOVERY)
  }

  async #list(folder: string): Promise<string[]> {
    try {
      const found = await this.#options.fileSystems.forPath(folder).list(folder)
      return found.map(({ path }) => path)
    } catch (error) {
      if (error instanceof FileNotFoundError) return []
      throw error
    }
  }

  async #delete(path: string): Promise<void> {
    await this.#options.fileSystems.forPath(path).delete(path, { recursive: true })
  }

  #remove(work: () => Promise<void>): void {
    this.#removing = this.#removing
      .then(work)
      .catch((error) => this.#log.warn('Local copies of state could not be removed', { error }))
  }
}

/** Where the copies of TaskManagers are: configured for it, their working folder, or what is there for temporary files. */
function parentFolders(configuration: Configuration): string[] {
  const working =
    configuration.get(ClusterOptions.TASK_MANAGER_PROCESS_WORKING_DIR_BASE) ??
    configuration.get(ClusterOptions.PROCESS_WORKING_DIR_BASE)
  const configured = configuration.get(CheckpointingOptions.LOCAL_BACKUP_DIRS)?.split(/,/)
  const temporary = configuration.get(CoreOptions.TMP_DIRS)?.split(/[,:]/)
  const candidates = configured ?? (working === undefined ? undefined : [working]) ?? temporary
  const folders = (candidates ?? []).map((folder) => folder.trim().replace(/\/+$/, ''))
  const named = folders.filter((folder) => folder !== '')
  return named.length === 0 ? [tmpdir()] : named
}

/** File systems may answer paths in another form than they were asked for. */
function isSame(a: string, b: string): boolean {
  return a === b || a.endsWith(`/${nameOf(b)}`)
}
