import { join } from 'node:path'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { Command, CommandResult } from '../support/command.js'
import { freePorts } from '../support/free-port.js'
import { isAlive, killHard, processesWith, processesWithVariable } from '../support/processes.js'
import { until } from '../support/until.js'
import { ClusterFolder } from './cluster-folder.js'
import type { Coordination } from './coordination.js'
import { type JobManagerPlace, newJobManagerPlace } from './job-manager-place.js'
import { newTaskManagerPlace, type TaskManagerPlace } from './task-manager-place.js'
import type { TcpProxy } from './tcp-proxy.js'

export interface FaultClusterOptions {
  /** Everything of the cluster is below it. */
  readonly folder: string
  readonly taskManagers: number
  readonly slots: number
  /** Over what the fault run needs. */
  readonly configuration: Readonly<Record<string, string | number>>
  /** More environment variables of the processes. */
  readonly environment?: NodeJS.ProcessEnv
  /** Of several JobManagers; without it there is one. */
  readonly coordination?: Coordination
  /** Default 1, or 3 with {@link coordination}. */
  readonly jobManagers?: number
}

const JOB_MANAGERS = 3
const MAX_STARTS = 3
/** Of a question to whoever leads. */
const ANSWER_DEADLINE_MS = 120_000

/**
 * JobManagers and TaskManagers in processes of their own, started by the scripts of `bin/`. They reach each other
 * through proxies only: one before each JobManager, two before each TaskManager, and between each JobManager and the servers
 * of the ZooKeeper ensemble.
 */
export class FaultCluster {
  readonly options: FaultClusterOptions
  readonly jobManagers: readonly JobManagerPlace[]
  readonly places: readonly TaskManagerPlace[]
  readonly #folder: ClusterFolder
  #starts = 0
  #isClosed = false

  /** Everything but processes: {@link start}, and {@link close} also if that fails. */
  static async prepare(options: FaultClusterOptions): Promise<FaultCluster> {
    const { coordination, taskManagers } = options
    const length = options.jobManagers ?? (coordination === undefined ? 1 : JOB_MANAGERS)
    const jobManagers = Array.from({ length }, () =>
      newJobManagerPlace(coordination?.ensemble.ports),
    )
    const places = Array.from({ length: taskManagers }, newTaskManagerPlace)
    return new FaultCluster(options, await Promise.all(jobManagers), await Promise.all(places))
  }

  private constructor(
    options: FaultClusterOptions,
    jobManagers: readonly JobManagerPlace[],
    places: readonly TaskManagerPlace[],
  ) {
    this.options = options
    this.jobManagers = jobManagers
    this.places = places
    this.#folder = new ClusterFolder(options.folder, {
      FLINK_PID_DIR: join(options.folder, 'pids'),
      ...options.environment,
    })
    this.#configure()
  }

  async start(): Promise<void> {
    await Promise.all(this.jobManagers.map((place) => this.startJobManager(place)))
    await this.refill()
    await this.untilSlots()
  }

  /** Starts a script of `bin/`. */
  command(script: string, args: readonly string[]): Command {
    return this.#folder.command(script, args)
  }

  /** Runs `flink` to its end. */
  flink(...args: string[]): Promise<CommandResult> {
    return this.#folder.flink(...args)
  }

  /**
   * Asks a JobManager by REST: the only one, or any of those that answer, which ask the leader. While nobody leads, the
   * question is repeated.
   */
  async ask<T>(question: (rest: RestClusterClient) => Promise<T>): Promise<T> {
    if (this.jobManagers.length === 1) return question(this.jobManagers[0]!.rest)
    const { answer } = await until(
      'a JobManager leads',
      async () => {
        for (const { rest, pid } of this.jobManagers) {
          if (pid === undefined || !isAlive(pid)) continue
          try {
            return { answer: await question(rest) }
          } catch (error) {
            if ((error as { retriable?: boolean }).retriable !== true) throw new Refusal(error)
          }
        }
        return undefined
      },
      ANSWER_DEADLINE_MS,
      (error) => error instanceof Refusal,
    ).catch((error) => {
      throw error instanceof Refusal ? error.cause : error
    })
    return answer
  }

  /** Asks for another parallelism of a running job; only the adaptive scheduler takes that. */
  async require(jobId: string, parallelism: number): Promise<void> {
    const { vertices } = await this.ask((rest) => rest.jobDetails(jobId))
    const bounds = { lowerBound: 1, upperBound: parallelism }
    const { restAddress } = this.jobManagers[0]!
    const response = await fetch(`http://${restAddress}/jobs/${jobId}/resource-requirements`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Object.fromEntries(vertices.map(({ id }) => [id, { parallelism: bounds }])),
      ),
    })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  }

  /** The place of the JobManager that leads. @throws Error when nobody does for long */
  async leader(): Promise<JobManagerPlace> {
    const { coordination } = this.options
    if (coordination === undefined) return this.jobManagers[0]!
    return until('a JobManager leads', async () => {
      const address = await coordination.leader()
      return this.jobManagers.find(({ control }) => address?.endsWith(`:${control.port}`))
    })
  }

  async startJobManager(place: JobManagerPlace): Promise<void> {
    await this.#started('jobmanager.sh', ['start', ...place.options])
    place.pid = this.#processes(`rest.port=${place.restAddress.split(':')[1]}`)[0]
    if (place.pid === undefined) throw new Error('a JobManager has ended at once')
  }

  /** Starts a process at a place where none runs. On a busy machine the script may give up waiting for it. */
  async startTaskManager(place: TaskManagerPlace): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#tryToStart(place)
        return
      } catch (error) {
        if (attempt === MAX_STARTS || this.#isClosed) throw error
        for (const pid of this.#processes(`taskmanager.resource-id=${place.resourceId}`)) {
          await this.kill(pid)
        }
      }
    }
  }

  async #tryToStart(place: TaskManagerPlace): Promise<void> {
    const [rpcPort, dataPort] = await freePorts(2)
    place.rpcPort = rpcPort!
    place.dataPort = dataPort!
    place.resourceId = `tm-${this.places.indexOf(place)}-${this.#starts++}`
    await this.#started('taskmanager.sh', [
      'start',
      `-Dtaskmanager.resource-id=${place.resourceId}`,
      `-Dtaskmanager.rpc.port=${place.control.port}`,
      `-Dtaskmanager.rpc.bind-port=${rpcPort}`,
      `-Dtaskmanager.data.port=${place.data.port}`,
      `-Dtaskmanager.data.bind-port=${dataPort}`,
    ])
    place.pid = this.#processes(`taskmanager.resource-id=${place.resourceId}`)[0]
    if (place.pid === undefined)
      throw new Error(`TaskManager ${place.resourceId} has ended at once`)
  }

  /** Ends a process without asking it, and waits until it is gone. */
  async kill(pid: number): Promise<void> {
    killHard(pid)
    await until(`process ${pid} has ended`, () => !isAlive(pid))
  }

  /** Starts processes where none runs any more. */
  async refill(): Promise<void> {
    const isEmpty = ({ pid }: { pid: number | undefined }) => pid === undefined || !isAlive(pid)
    await Promise.all([
      ...this.jobManagers.filter(isEmpty).map((place) => this.startJobManager(place)),
      ...this.places.filter(isEmpty).map((place) => this.startTaskManager(place)),
    ])
  }

  async untilSlots(): Promise<void> {
    const { taskManagers, slots } = this.options
    await until(`${taskManagers * slots} slots are registered`, async () => {
      return (
        (await this.ask((rest) => rest.clusterOverview()))['slots-total'] === taskManagers * slots
      )
    })
  }

  /** All bytes pass again, and nobody is stopped. */
  heal(): void {
    for (const proxy of this.#proxies()) proxy.heal()
    for (const { pid } of [...this.places, ...this.jobManagers]) {
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGCONT')
    }
  }

  /** Ends the cluster as its owner does: the leader with all that the cluster keeps, and with it the standbys. */
  async shutDown(): Promise<void> {
    const leader = await this.leader()
    await leader.rest.shutDownCluster()
    await until('all JobManagers have ended', () =>
      this.jobManagers.every(({ pid }) => pid === undefined || !isAlive(pid)),
    )
  }

  /** Ends all processes, also those that are stopped or start just now. Nothing is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#folder.close()
    const own = () => processesWithVariable('FLINK_CONF_DIR', this.#folder.confDir)
    for (let pids = own(); pids.length > 0; pids = own()) {
      await Promise.all(pids.map((pid) => this.kill(pid)))
    }
    await Promise.all(this.#proxies().map((proxy) => proxy.close()))
  }

  #proxies(): TcpProxy[] {
    return [
      ...this.jobManagers.flatMap(({ control, zookeeper }) => [control, ...zookeeper]),
      ...this.places.flatMap(({ control, data }) => [control, data]),
    ]
  }

  async #started(script: string, args: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.command(script, args).result()
    if (code !== 0)
      throw new Error(`${script} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
  }

  /** Processes of this cluster with a word in their command line. */
  #processes(word: string): number[] {
    const own = new Set(processesWith(this.#folder.confDir))
    return processesWith(word).filter((pid) => own.has(pid))
  }

  #configure(): void {
    const { slots, configuration, coordination } = this.options
    this.#folder.configure({
      'jobmanager.rpc.address': '127.0.0.1',
      'jobmanager.rpc.port': this.jobManagers[0]!.control.port,
      'jobmanager.bind-host': '127.0.0.1',
      'taskmanager.bind-host': '127.0.0.1',
      'taskmanager.host': '127.0.0.1',
      'taskmanager.numberOfTaskSlots': slots,
      'rest.address': '127.0.0.1',
      'rest.bind-address': '127.0.0.1',
      'rest.port': this.jobManagers[0]!.restAddress.split(':')[1]!,
      'io.tmp.dirs': this.#folder.tmpDir,
      ...coordination?.configuration,
      ...configuration,
    })
  }
}

/** A JobManager has answered, with an error. */
class Refusal extends Error {
  constructor(cause: unknown) {
    super('refused', { cause })
  }
}
