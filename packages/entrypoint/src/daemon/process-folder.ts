import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  ClusterOptions,
  type Configuration,
  CoreOptions,
  FlinkError,
  isDeadOwner,
  type Logger,
  PROCESS_OWNER_PATTERN,
  processOwner,
  type Random,
} from '@flink-ts/core'

export type DaemonKind = 'jobmanager' | 'taskmanager'

const WORKING_DIRS = {
  jobmanager: ClusterOptions.JOB_MANAGER_PROCESS_WORKING_DIR_BASE,
  taskmanager: ClusterOptions.TASK_MANAGER_PROCESS_WORKING_DIR_BASE,
}

/** Where daemons of a kind make their folders. */
export function processFolderParent(configuration: Configuration, kind: DaemonKind): string {
  const tmpDirs = configuration.get(CoreOptions.TMP_DIRS)?.split(/[,:]/)
  const first = tmpDirs?.map((dir) => dir.trim()).find((dir) => dir !== '')
  return resolve(
    configuration.get(WORKING_DIRS[kind]) ??
      configuration.get(ClusterOptions.PROCESS_WORKING_DIR_BASE) ??
      first ??
      tmpdir(),
  )
}

/**
 * The one folder in which a process keeps its temporary files. Its name tells whose it is, so that the folder of
 * a process that was killed is found, and removed, by the next one on its host.
 */
export class ProcessFolder {
  readonly path: string

  /** @throws FlinkError FLINK_WORKING_DIR if it cannot be made */
  constructor(options: { parent: string; kind: DaemonKind; random: Random; log: Logger }) {
    const { parent, kind, random, log } = options
    const prefix = `flink-ts-${kind}-`
    this.path = join(parent, `${prefix}${processOwner()}-${random.hex(4)}`)
    try {
      mkdirSync(parent, { recursive: true })
      removeAbandoned(parent, prefix, log)
      // Programs and their data are nobody else's business.
      mkdirSync(this.path, { mode: 0o700 })
    } catch (cause) {
      throw new FlinkError(
        `Cannot make a folder for temporary files in ${parent}: ${(cause as Error).message}; set ${CoreOptions.TMP_DIRS.key} to a folder that can be written`,
        { code: 'FLINK_WORKING_DIR', cause },
      )
    }
  }

  /** Removes the folder with all that is in it. Idempotent; also for use while the process exits. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

function removeAbandoned(parent: string, prefix: string, log: Logger): void {
  const expression = new RegExp(`^${prefix}(${PROCESS_OWNER_PATTERN})-`)
  for (const name of readdirSync(parent)) {
    const owner = expression.exec(name)?.[1]
    if (owner === undefined || !isDeadOwner(owner)) continue
    const path = join(parent, name)
    try {
      rmSync(path, { recursive: true, force: true })
      log.info('Removed what a process that was killed left', { path })
    } catch (error) {
      log.warn('Could not remove what a process that was killed left', { path, error })
    }
  }
}
