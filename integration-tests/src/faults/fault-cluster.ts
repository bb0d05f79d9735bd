import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SystemClock } from '@flink-ts/core'
import { RestClusterClient } from '@flink-ts/rest/client'
import { Command, type CommandResult } from '../support/command.js'
import { freePorts } from '../support/free-port.js'
import { isAlive, killHard, processesWith, processesWithVariable } from '../support/processes.js'
import { PROJECT_FOLDER } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import { TcpProxy } from './tcp-proxy.js'

export interface FaultClusterOptions {
  /** Everything of the cluster is below it. */
  readonly folder: string
  readonly taskManagers: number
  readonly slots: number
  /** Over what the fault run needs. */
  readonly configuration: Readonly<Record<string, string | number>>
  /** More environment variables of the processes. */
  readonly environment?: NodeJS.ProcessEnv
}

/** One TaskManager after the other at the same place; others reach all of them through the same proxies. */
export interface TaskManagerPlace {
  readonly control: TcpProxy
  readonly data: TcpProxy
  /** Ports of the process itself. */
  rpcPort: number
  dataPort: number
  resourceId: string
  pid: number | undefined
}

const MAX_STARTS = 3

/**
 * A JobManager and TaskManagers in processes of their own, started by the scripts of `bin/`. They reach each other
 * through proxies only: one before the JobManager, two before each TaskManager.
 */
export class FaultCluster {
  readonly options: FaultClusterOptions
  readonly jobManagerProxy: TcpProxy
  readonly rest: RestClusterClient
  readonly restAddress: string
  readonly places: readonly TaskManagerPlace[]
  readonly #environment: NodeJS.ProcessEnv
  #jobManagerPort: number
  #starts = 0
  #isClosed = false

  /** Everything but processes: {@link start}, and {@link close} also if that fails. */
  static async prepare(options: FaultClusterOptions): Promise<FaultCluster> {
    const [restPort, jobManagerPort] = await freePorts(2)
    const ports = { jobManager: jobManagerPort! }
    const jobManagerProxy = await TcpProxy.listen(() => ports.jobManager)
    const places: TaskManagerPlace[] = []
    for (let i = 0; i < options.taskManagers; i++) {
      const place: Partial<TaskManagerPlace> & { rpcPort: number; dataPort: number } = {
        rpcPort: 0,
        dataPort: 0,
      }
      const control = await TcpProxy.listen(() => place.rpcPort)
      const data = await TcpProxy.listen(() => place.dataPort)
      places.push(Object.assign(place, { control, data, resourceId: '', pid: undefined }))
    }
    return new FaultCluster(options, restPort!, ports.jobManager, jobManagerProxy, places)
  }

  private constructor(
    options: FaultClusterOptions,
    restPort: number,
    jobManagerPort: number,
    jobManagerProxy: TcpProxy,
    places: readonly TaskManagerPlace[],
  ) {
    this.options = options
    this.jobManagerProxy = jobManagerProxy
    this.places = places
    this.#jobManagerPort = jobManagerPort
    this.restAddress = `127.0.0.1:${restPort}`
    this.rest = new RestClusterClient({ address: this.restAddress, clock: new SystemClock() })
    const { NODE_OPTIONS: _runner, ...environment } = process.env
    this.#environment = {
      ...environment,
      FLINK_CONF_DIR: join(options.folder, 'conf'),
      FLINK_LOG_DIR: join(options.folder, 'log'),
      FLINK_PID_DIR: join(options.folder, 'pids'),
      ...options.environment,
    }
    this.#writeConfiguration(restPort)
  }

  async start(): Promise<void> {
    await this.startJobManager()
    await this.refill()
    await this.untilSlots()
  }

  /** Runs `flink` to its end. */
  flink(...args: string[]): Promise<CommandResult> {
    return this.#script('flink', args)
  }

  /** Asks for another parallelism of a running job; only the adaptive scheduler takes that. */
  async require(jobId: string, parallelism: number): Promise<void> {
    const { vertices } = await this.rest.jobDetails(jobId)
    const bounds = { lowerBound: 1, upperBound: parallelism }
    const response = await fetch(`http://${this.restAddress}/jobs/${jobId}/resource-requirements`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Object.fromEntries(vertices.map(({ id }) => [id, { parallelism: bounds }])),
      ),
    })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  }

  async startJobManager(): Promise<void> {
    await this.#started('jobmanager.sh', ['start'])
  }

  jobManagerPid(): number | undefined {
    return this.#processes('standalone-session')[0]
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

  /** Starts TaskManagers where none runs any more. */
  async refill(): Promise<void> {
    const empty = this.places.filter(({ pid }) => pid === undefined || !isAlive(pid))
    await Promise.all(empty.map((place) => this.startTaskManager(place)))
  }

  async untilSlots(): Promise<void> {
    const { taskManagers, slots } = this.options
    await until(`${taskManagers * slots} slots are registered`, async () => {
      return (await this.rest.clusterOverview())['slots-total'] === taskManagers * slots
    })
  }

  /** All bytes pass again, and nobody is stopped. */
  heal(): void {
    for (const { control, data, pid } of this.places) {
      control.heal()
      data.heal()
      if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGCONT')
    }
    this.jobManagerProxy.heal()
  }

  /** Ends all processes, also those that are stopped or start just now. Nothing is started any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    const own = () => processesWithVariable('FLINK_CONF_DIR', this.#environment['FLINK_CONF_DIR']!)
    for (let pids = own(); pids.length > 0; pids = own()) {
      await Promise.all(pids.map((pid) => this.kill(pid)))
    }
    const proxies = [this.jobManagerProxy, ...this.places.flatMap((p) => [p.control, p.data])]
    await Promise.all(proxies.map((proxy) => proxy.close()))
  }

  async #started(script: string, args: string[]): Promise<void> {
    const { code, stdout, stderr } = await this.#script(script, args)
    if (code !== 0)
      throw new Error(`${script} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
  }

  async #script(script: string, args: readonly string[]): Promise<CommandResult> {
    const { folder } = this.options
    if (this.#isClosed) throw new Error(`${script} is not started: the cluster is closed`)
    const path = join(PROJECT_FOLDER, 'bin', script)
    return new Command(path, args, { cwd: folder, environment: this.#environment }).result()
  }

  /** Processes of this cluster with a word in their command line. */
  #processes(word: string): number[] {
    const own = new Set(processesWith(this.#environment['FLINK_CONF_DIR']!))
    return processesWith(word).filter((pid) => own.has(pid))
  }

  #writeConfiguration(restPort: number): void {
    const { folder, slots, configuration } = this.options
    const tmp = join(folder, 'tmp')
    for (const each of [join(folder, 'conf'), tmp]) mkdirSync(each, { recursive: true })
    const all = {
      'jobmanager.rpc.address': '127.0.0.1',
      'jobmanager.rpc.port': this.jobManagerProxy.port,
      'jobmanager.rpc.bind-port': this.#jobManagerPort,
      'jobmanager.bind-host': '127.0.0.1',
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.bind-host': '127.0.0.1',
      'taskmanager.host': '127.0.0.1',
      'taskmanager.numberOfTaskSlots': slots,
      'taskmanager.memory.process.size': '1728m',
      'rest.address': '127.0.0.1',
      'rest.bind-address': '127.0.0.1',
      'rest.port': restPort,
      'io.tmp.dirs': tmp,
      ...configuration,
    }
    const lines = Object.entries(all).map(([key, value]) => `${key}: ${value}\n`)
    writeFileSync(join(folder, 'conf', 'flink-conf.yaml'), lines.join(''))
  }
}
