import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import {
  Configuration,
  deriveTaskManagerMemory,
  JobManagerOptions,
  type Logger,
  nodeHeapFlags,
} from '@flink-ts/core'

/** A TaskManager process. The start time tells it from a later process with the same id. */
export interface WorkerProcess {
  readonly resourceId: string
  readonly pid: number
  /** In the kernel's clock ticks since boot; empty where the system does not tell. */
  readonly startTime: string
}

export interface Termination {
  readonly exitCode: number | null
  readonly signal: string | null
}

/** Processes, files and the process table of this machine: all that the driver does with the outside. */
export class LocalProcesses {
  readonly #configuration: Configuration
  readonly #folder: string
  readonly #main: string
  readonly #log: Logger

  constructor(options: {
    configuration: Configuration
    /** Temporary folder of the JobManager. */
    folder: string
    /** Module with which a TaskManager process starts. */
    taskManagerMain: string
    log: Logger
  }) {
    this.#configuration = options.configuration
    this.#folder = options.folder
    this.#main = options.taskManagerMain
    this.#log = options.log
  }

  /** Resolves when the process has started. @throws if it cannot be started */
  async start(
    resourceId: string,
    properties: Readonly<Record<string, string>>,
    onTerminated: (termination: Termination) => void,
  ): Promise<WorkerProcess> {
    const { log, out } = this.#logFiles(resourceId)
    const { FLINK_PROPERTIES: _merged, FLINK_LOG_FILE: _own, ...environment } = process.env
    const output = out === undefined ? undefined : openSync(out, 'a', 0o640)
    const all = this.#configuration.clone().merge(Configuration.fromMap(properties))
    const flags = nodeHeapFlags(deriveTaskManagerMemory(all))
    const args = [...flags, this.#main, '--configDir', this.#writeConfiguration()]
    for (const [key, value] of Object.entries(properties)) args.push(`-D${key}=${value}`)
    const child = spawn(process.execPath, args, {
      // A signal for the JobManager's terminal is not for its workers, which it ends in good order.
      detached: true,
      stdio: ['ignore', output ?? 'inherit', output ?? 'inherit'],
      env: { ...environment, ...(log === undefined ? {} : { FLINK_LOG_FILE: log }) },
    })
    if (output !== undefined) closeSync(output)
    await started(child)
    child.once('exit', (exitCode, signal) => onTerminated({ exitCode, signal }))
    const pid = child.pid!
    return { resourceId, pid, startTime: startTimeOf(pid) ?? '' }
  }

  /** Tells this machine, since it was booted, from others. */
  get machine(): string {
    return `${hostname()}/${bootId()}`
  }

  isAlive({ pid, startTime }: WorkerProcess): boolean {
    return startTime !== '' && startTimeOf(pid) === startTime
  }

  /** Signals the process unless it has ended. */
  signal(worker: WorkerProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
    // On systems without a start time only own children are known, whose ids are not used again yet.
    if (worker.startTime !== '' && !this.isAlive(worker)) return
    try {
      process.kill(worker.pid, signal)
    } catch (error) {
      this.#log.debug('A worker has ended already', { ...worker, error })
    }
  }

  /** Workers of an earlier JobManager of this cluster that still run. */
  readRecord(): WorkerProcess[] {
    const file = this.#recordFile()
    try {
      // Somebody else's file in a folder for all must not name processes to be ended.
      if (statSync(file).uid !== process.getuid?.()) return []
      const workers = JSON.parse(readFileSync(file, 'utf8')) as WorkerProcess[]
      return workers.filter((worker) => this.isAlive(worker))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#log.warn('Workers of an earlier attempt cannot be found', { file, error })
      }
      return []
    }
  }

  /** Remembers the workers for the next JobManager. */
  writeRecord(workers: readonly WorkerProcess[]): void {
    const file = this.#recordFile()
    const next = `${file}.${process.pid}`
    writeFileSync(next, JSON.stringify(workers), { mode: 0o600 })
    renameSync(next, file)
  }

  #recordFile(): string {
    const address = this.#configuration.get(JobManagerOptions.ADDRESS)
    const cluster = `${address}:${this.#configuration.get(JobManagerOptions.PORT)}`
    const hash = createHash('sha256').update(cluster).digest('hex').slice(0, 16)
    return join(dirname(this.#folder), `flink-ts-workers-${userInfo().uid}-${hash}.json`)
  }

  /** What was given on the JobManager's command line counts for its workers, too. */
  #writeConfiguration(): string {
    const folder = join(this.#folder, 'taskmanager-conf')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const { 'jobmanager.resource-id': _id, ...values } = this.#configuration.toMap()
    const lines = Object.entries(values).map(
      ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}\n`,
    )
    writeFileSync(join(folder, 'config.yaml'), lines.join(''), { mode: 0o600 })
    return folder
  }

  #logFiles(resourceId: string): { log?: string; out?: string } {
    const own = process.env['FLINK_LOG_FILE']
    if (!own) return {}
    const user = /^flink-(.*)-standalonesession/.exec(basename(own))?.[1] ?? userInfo().username
    const path = join(dirname(own), `flink-${user}-taskexecutor-${resourceId}`)
    return { log: `${path}.log`, out: `${path}.out` }
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** Linux only; empty elsewhere, where nobody knows processes of others again anyway. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** Linux only; undefined for a process that is not there, or has ended and waits for its parent. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before the last parenthesis may contain anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
