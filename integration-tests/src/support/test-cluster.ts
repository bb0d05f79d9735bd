import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SystemClock } from '@flink-ts/core'
import type { JobDetailsBody } from '@flink-ts/rest'
import { RestClusterClient } from '@flink-ts/rest/client'
import type { Test } from 'tap'
import { Command, type CommandResult } from './command.js'
import { userEnvironment, writeFlinkConfiguration } from './flink-configuration.js'
import { freePorts } from './free-port.js'
import { isAlive, killHard, processesWith } from './processes.js'
import { until } from './until.js'

/** The root of the checkout: this file is in integration-tests/dist-test/support. */
export const PROJECT_FOLDER = fileURLToPath(new URL('../../../', import.meta.url))
const LOG_LINES_SHOWN = 25

/** A program of `integration-tests/programs`. */
export function program(name: string): string {
  return join(PROJECT_FOLDER, 'integration-tests', 'programs', name)
}

export interface TestClusterOptions {
  /** Lines of `conf/workers`; default 2. */
  readonly taskManagers?: number
  /** Slots of each TaskManager; default 2. */
  readonly slots?: number
  /** Over the defaults of tests. */
  readonly configuration?: Readonly<Record<string, string | number>>
}

/**
 * A cluster of real processes by the scripts of `bin/`, with folders and ports of its own. Whatever happens, its
 * processes and files go at the end of the test; if the test has failed, the ends of their logs are shown.
 */
export class TestCluster {
  readonly folder: string
  readonly confDir: string
  readonly logDir: string
  readonly pidDir: string
  /** What the processes use for temporary files. */
  readonly tmpDir: string
  readonly restPort: number
  readonly rpcPort: number
  readonly rest: RestClusterClient
  readonly environment: NodeJS.ProcessEnv

  /** Makes folders and configuration, but starts nothing. */
  static async prepare(t: Test, options: TestClusterOptions = {}): Promise<TestCluster> {
    const [restPort, rpcPort] = await freePorts(2)
    const cluster = new TestCluster(restPort!, rpcPort!, options)
    t.teardown(() => cluster.#tearDown(t))
    return cluster
  }

  /** @throws Error when the processes do not start or their slots are not registered in time */
  static async start(t: Test, options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = await TestCluster.prepare(t, options)
    const { code, stderr, stdout } = await cluster.script('start-cluster.sh')
    if (code !== 0) throw new Error(`start-cluster.sh ended with ${code}: ${stderr}${stdout}`)
    await cluster.untilSlots((options.taskManagers ?? 2) * (options.slots ?? 2))
    return cluster
  }

  private constructor(restPort: number, rpcPort: number, options: TestClusterOptions) {
    this.folder = mkdtempSync(join(tmpdir(), 'flink-it-'))
    this.confDir = join(this.folder, 'conf')
    this.logDir = join(this.folder, 'log')
    this.pidDir = join(this.folder, 'pids')
    this.tmpDir = join(this.folder, 'tmp')
    for (const folder of [this.confDir, this.tmpDir]) mkdirSync(folder)
    this.restPort = restPort
    this.rpcPort = rpcPort
    this.rest = new RestClusterClient({
      address: `127.0.0.1:${restPort}`,
      clock: new SystemClock(),
    })
    this.environment = userEnvironment({
      FLINK_CONF_DIR: this.confDir,
      FLINK_LOG_DIR: this.logDir,
      FLINK_PID_DIR: this.pidDir,
    })
    writeFlinkConfiguration(this.confDir, {
      'jobmanager.rpc.address': 'localhost',
      'jobmanager.rpc.port': rpcPort,
      'jobmanager.bind-host': 'localhost',
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.bind-host': 'localhost',
      'taskmanager.host': 'localhost',
      'taskmanager.numberOfTaskSlots': options.slots ?? 2,
      'taskmanager.memory.process.size': '1728m',
      'rest.address': 'localhost',
      'rest.bind-address': 'localhost',
      'rest.port': restPort,
      'heartbeat.interval': '1 s',
      'heartbeat.timeout': '10 s',
      'io.tmp.dirs': this.tmpDir,
      // No session of whoever runs the tests is found.
      'yarn.properties-file.location': this.folder,
      ...options.configuration,
    })
    writeFileSync(join(this.confDir, 'masters'), `localhost:${restPort}\n`)
    writeFileSync(join(this.confDir, 'workers'), 'localhost\n'.repeat(options.taskManagers ?? 2))
  }

  /** Runs a script of `bin/` to its end. */
  script(name: string, ...args: string[]): Promise<CommandResult> {
    return this.command(name, args).result()
  }

  flink(...args: string[]): Promise<CommandResult> {
    return this.script('flink', ...args)
  }

  /** Starts a script of `bin/`. */
  command(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Command {
    return new Command(join(PROJECT_FOLDER, 'bin', name), args, {
      cwd: this.folder,
      environment: { ...this.environment, ...environment },
    })
  }

  /** `flink run -d`. @returns the job's id */
  async submit(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.flink('run', '-d', ...args)
    const jobId = /JobID ([0-9a-f]{32})/.exec(stdout)?.[1]
    if (code !== 0 || jobId === undefined)
      throw new Error(`flink run ended with ${code}: ${stderr}`)
    return jobId
  }

  /** Writes a file into the cluster's folder. @returns its path */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** Pids of the pid file, in the order of the starts. */
  pids(daemon: 'standalonesession' | 'taskexecutor'): number[] {
    if (!existsSync(this.pidDir)) return []
    const file = readdirSync(this.pidDir).find((name) => name.endsWith(`-${daemon}.pid`))
    if (file === undefined) return []
    return readFileSync(join(this.pidDir, file), 'utf8').trim().split('\n').map(Number)
  }

  get jobManagerPid(): number {
    return this.pids('standalonesession')[0]!
  }

  /** The process of a TaskManager, which its log tells. */
  taskManagerPid(resourceId: string): number {
    const logs = readdirSync(this.logDir).filter((name) => /-taskexecutor-\d+-.*\.log$/.test(name))
    const mine = logs.find((name) =>
      readFileSync(join(this.logDir, name), 'utf8').includes(resourceId),
    )
    const index = Number(/-taskexecutor-(\d+)-/.exec(mine!)![1])
    return this.pids('taskexecutor')[index]!
  }

  /** The processes that run with this cluster's configuration, whoever started them. */
  runningProcesses(): number[] {
    return processesWith(this.confDir)
  }

  /** The text of all log files of one kind, such as `taskexecutor` and `out`. */
  logs(daemon: string, ending: 'log' | 'out'): string {
    if (!existsSync(this.logDir)) return ''
    return readdirSync(this.logDir)
      .filter((name) => name.includes(`-${daemon}-`) && name.endsWith(`.${ending}`))
      .sort()
      .map((name) => readFileSync(join(this.logDir, name), 'utf8'))
      .join('')
  }

  untilSlots(count: number): Promise<unknown> {
    return until(`${count} slots are registered`, async () => {
      return (await this.rest.clusterOverview())['slots-total'] === count
    })
  }

  /** Waits until the job has the given status (and, for RUNNING, until all of its tasks run). */
  untilStatus(jobId: string, status: string): Promise<JobDetailsBody> {
    return until(`job ${jobId} is ${status}`, async () => {
      const job = await this.rest.jobDetails(jobId)
      if (job.state !== status) {
        if (job['end-time'] > 0) throw new Error(`it is ${job.state}`)
        return undefined
      }
      if (status !== 'RUNNING') return job
      return job.vertices.every((v) => v.tasks['RUNNING'] === v.parallelism) ? job : undefined
    })
  }

  /** The failure of a job as REST tells it, with all of its causes. */
  async rootException(jobId: string): Promise<string> {
    const { exceptionHistory } = await this.rest.jobExceptions(jobId)
    return exceptionHistory.entries[0]?.stacktrace ?? ''
  }

  /** Cancels a job and waits for its end. */
  async cancel(jobId: string): Promise<void> {
    await this.rest.cancelJob(jobId)
    await this.untilStatus(jobId, 'CANCELED')
  }

  async #tearDown(t: Test): Promise<void> {
    if (!t.passing()) this.#showLogs(t)
    for (const pid of this.runningProcesses()) {
      killHard(pid)
      await until(`process ${pid} has ended`, () => !isAlive(pid))
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  #showLogs(t: Test): void {
    if (!existsSync(this.logDir)) return
    for (const name of readdirSync(this.logDir).sort()) {
      const lines = readFileSync(join(this.logDir, name), 'utf8').trimEnd().split('\n')
      t.comment(`--- end of ${name}\n${lines.slice(-LOG_LINES_SHOWN).join('\n')}`)
    }
  }
}
