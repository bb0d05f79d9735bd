import { Configuration } from '@flink-ts/core'
import type { ApplicationStatus, JobGraph } from '@flink-ts/runtime'
import { WorldInvariants } from '../invariants/world-invariants.js'
import type { FaultCounts } from '../nemesis/fault-counts.js'
import { closeCluster } from './close-cluster.js'
import { ClusterClient, DEFAULT_TIMEOUT_MS } from './cluster-client.js'
import { ClusterFaults } from './cluster-faults.js'
import type { ClusterManager } from './cluster-manager.js'
import { ClusterTopology } from './cluster-topology.js'
import { createClusterManager } from './create-cluster-manager.js'
import { ModuleCache } from './module-cache.js'
import { readTextLines } from './read-text-lines.js'
import type { SimulatedProgram } from './record-program.js'
import type { SimulatedClusterOptions } from './simulated-cluster-options.js'
import type { SimulatedJob } from './simulated-job.js'
import { SimulatedJobs } from './simulated-jobs.js'
import { SimulatedWorld } from './simulated-world.js'
import { SimulationTimeoutError } from './simulation-timeout-error.js'

/**
 * A whole cluster in this thread on virtual time: JobManagers and any number of TaskManagers, made of
 * the same components as real ones. The seed decides everything: the same seed and the same calls
 * give the same {@link traceHash}.
 *
 * Methods that answer promises let virtual time go on until they are done; between them it stands
 * still. Only one may run at a time.
 */
export class SimulatedCluster {
  readonly world: SimulatedWorld
  /** What can be done to it. */
  readonly faultInjection: ClusterFaults
  /** Undefined: a standalone cluster. */
  readonly clusterManager: ClusterManager | undefined
  readonly #topology: ClusterTopology
  readonly #client: ClusterClient
  readonly #invariants: WorldInvariants
  readonly #jobs: SimulatedJobs
  readonly #lines: string[] = []

  private constructor(options: SimulatedClusterOptions) {
    const { highlyAvailableJobManagers = 0, maxTurnMs, elastic = false } = options
    const highAvailability = highlyAvailableJobManagers > 0
    const world = new SimulatedWorld({
      ...options,
      highAvailability: highAvailability ? (options.configuration ?? {}) : undefined,
    })
    this.world = world
    this.#invariants = new WorldInvariants(world, highAvailability)
    this.clusterManager = createClusterManager(elastic, {
      world,
      startWorker: (resourceId) => this.#topology.startTaskManager(undefined, resourceId),
      stopWorker: (number) => this.#endTaskManager(number),
      mesosAgents: options.mesosAgents,
    })
    const { clusterManager } = this
    const modules = new ModuleCache()
    this.#topology = new ClusterTopology({
      world,
      clusterManager,
      maxTurnMs,
      taskDurationMs: options.taskDurationMs,
      configuration: Configuration.fromMap({
        'taskmanager.memory.process.size': '2 gb',
        'taskmanager.numberOfTaskSlots': String(options.slotsPerTaskManager ?? 2),
        ...options.configuration,
      }),
      modules,
      code: (jobId) => this.#jobs.codeOf(jobId),
      onTaskManagerFailed: (number) => {
        this.#endTaskManager(number)
        this.clusterManager?.workerEnded(number)
      },
      onShutDown: () => this.#jobs.onAllLost(),
      onJobEnded: (_jobManager, info) => this.#jobs.onEnded(info),
      onLine: (line) => void this.#lines.push(line),
    })
    const topology = this.#topology
    const client = new ClusterClient(world, topology)
    this.#client = client
    const invariants = this.#invariants.cluster
    this.#jobs = new SimulatedJobs({ world, topology, client, modules, invariants })
    this.faultInjection = new ClusterFaults({
      world,
      topology,
      clusterManager,
      maxTurnMs,
      onProcessEnded: (name) => this.#onProcessEnded(name),
    })
  }

  /** Answers when a JobManager leads and all TaskManagers have brought their slots. */
  static async start(options: SimulatedClusterOptions): Promise<SimulatedCluster> {
    const { highlyAvailableJobManagers = 0, elastic = false } = options
    const cluster = new SimulatedCluster(options)
    const jobManagers = Math.max(1, highlyAvailableJobManagers)
    for (let number = 1; number <= jobManagers; number++) await cluster.startJobManager(number)
    const count = options.taskManagers ?? (elastic === false ? 1 : 0)
    for (let i = 0; i < count; i++) await cluster.startTaskManager()
    const slots = count * (options.slotsPerTaskManager ?? 2)
    while (cluster.nowMs < DEFAULT_TIMEOUT_MS) {
      const overview = await cluster.overview()
      if (overview.slotsTotal >= slots) return cluster
      await cluster.advance(50)
    }
    throw new SimulationTimeoutError({
      what: `the registration of ${slots} slots`,
      timeoutMs: DEFAULT_TIMEOUT_MS,
    })
  }

  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.world.time.now()
  }

  /** Events that have run. */
  get steps(): number {
    return this.world.time.steps
  }

  /** What was done to it so far, by kind: crashes, partitions, messages lost or slowed down, and so on. */
  get faults(): FaultCounts {
    return this.world.faults
  }

  /** Of everything that happened so far: messages, state changes, deliveries of data, and when. */
  get traceHash(): string {
    return this.world.trace.hash
  }

  /** The last events, oldest first, for reports. */
  traceTail(count?: number): string[] {
    return this.world.trace.tail(count)
  }

  /** What tasks printed, in order. */
  get printedLines(): readonly string[] {
    return this.#lines
  }

  /** Numbers of the TaskManagers that run, from 1. */
  get taskManagers(): readonly number[] {
    return [...this.#topology.taskManagers.keys()]
  }

  /** Numbers of the JobManagers that run, from 1. */
  get jobManagers(): readonly number[] {
    return [...this.#topology.jobManagers.keys()]
  }

  /** Numbers of hosts whose TaskManager is gone. */
  get lostTaskManagers(): readonly number[] {
    return this.#topology.lostTaskManagers
  }

  /** Starts a JobManager on each host whose JobManager is gone; it need not lead, nor know who does. */
  async restartLostJobManagers(): Promise<void> {
    for (const number of this.#topology.lostJobManagers) {
      await this.#client.run(`the start of JobManager ${number}`, () =>
        this.#topology.startJobManager(number),
      )
    }
  }

  /** Runs `program` and submits the job of its first `execute()`; see {@link recordProgram}. */
  submit(
    program: SimulatedProgram,
    configuration: Readonly<Record<string, string>> = {},
  ): Promise<SimulatedJob> {
    return this.#jobs.submit(program, configuration)
  }

  /** Runs `program` up to its first `execute()`; nobody in the cluster hears of it. */
  prepare(
    program: SimulatedProgram,
    configuration: Readonly<Record<string, string>> = {},
  ): Promise<JobGraph> {
    return this.#jobs.prepare(program, configuration)
  }

  /**
   * Asks the leader once to take a job, by way of JobManager `from`.
   *
   * @throws whatever the client would be told
   */
  submitOnce(jobGraph: JobGraph, from: number): Promise<SimulatedJob> {
    return this.#jobs.submitOnce(jobGraph, from)
  }

  /** A job that was submitted, whether or not anybody was told so. */
  jobOf(jobGraph: JobGraph): SimulatedJob {
    return this.#jobs.register(jobGraph)
  }

  /** Ids of the jobs that the leader knows, also those that have ended. */
  async jobIds(): Promise<string[]> {
    const { jobs } = await this.#client.call('the list of jobs', (dispatcher) =>
      dispatcher.listJobs({}),
    )
    return jobs.map(({ jobId }) => jobId)
  }

  /** Submits a job without functions, for a cluster with `taskDurationMs`. */
  submitGraph(jobGraph: JobGraph): Promise<SimulatedJob> {
    return this.#jobs.submitGraph(jobGraph)
  }

  /** Starts another TaskManager. @param number of a host whose TaskManager is gone @returns its number */
  startTaskManager(number?: number): Promise<number> {
    return this.#client.run('the start of a TaskManager', () =>
      this.#topology.startTaskManager(number),
    )
  }

  /** Asks the leader to end the cluster with this status; answers when its process has ended. */
  async shutDown(status: ApplicationStatus): Promise<void> {
    const before = this.jobManagers.length
    await this.#client.call('the end of the cluster', (dispatcher) =>
      dispatcher.shutDownCluster({ status }),
    )
    const hasEnded = () => this.jobManagers.length < before
    await this.advanceUntil('the end of the leading process', hasEnded)
  }

  /** Starts many TaskManagers at the same moment; answers when their processes run. */
  async startTaskManagers(count: number): Promise<void> {
    await this.#client.run(`the start of ${count} TaskManagers`, async () => {
      for (let i = 0; i < count; i++) await this.#topology.startTaskManager()
    })
  }

  /** Starts a JobManager on a host without one. */
  async startJobManager(number = 1): Promise<void> {
    await this.#client.run(`the start of JobManager ${number}`, () =>
      this.#topology.startJobManager(number),
    )
    const { knowsLeaders } = this.#topology.jobManagers.get(number)!
    if (!knowsLeaders) {
      await this.advanceUntil(
        'a leader that the JobManager knows',
        () => this.#topology.jobManagers.get(number)!.knowsLeaders,
      )
    }
  }

  /** See {@link ClusterFaults.crashTaskManager}. */
  crashTaskManager(number: number, options: { silent?: boolean } = {}): void {
    this.faultInjection.crashTaskManager(number, options)
  }

  /** Lets nothing pass between a TaskManager and all others, until {@link heal}. */
  partition(number: number): void {
    this.faultInjection.partition(this.#topology.taskManager(number).process.name)
  }

  /** See {@link ClusterFaults.heal}. */
  heal(): void {
    this.faultInjection.heal()
  }

  /** Lets `byMs` of virtual time pass. @throws InvariantViolation */
  async advance(byMs: number): Promise<void> {
    await this.world.time.run({ deadlineMs: this.nowMs + byMs })
  }

  /**
   * Lets virtual time pass until `condition` holds.
   *
   * @param timeoutMs virtual milliseconds, default 10 minutes
   * @throws SimulationTimeoutError if it does not hold in time
   * @throws InvariantViolation
   */
  advanceUntil(
    what: string,
    condition: () => boolean,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<void> {
    return this.#client.until(what, condition, timeoutMs)
  }

  /** Puts a file into the file system that all processes share. Absolute path. */
  async writeFile(path: string, text: string): Promise<void> {
    const stream = await this.world.files.create(path, 'overwrite')
    await stream.write(Buffer.from(text))
    await stream.close()
  }

  /** Checks that every checkpoint below a folder that can be restored is whole. */
  checkCheckpoints(folder: string): Promise<void> {
    return this.#invariants.checkpoints.checkFiles(folder)
  }

  /** The lines of a file, or of all files of a folder, by name, without hidden ones. */
  readLines(path: string): Promise<string[]> {
    return readTextLines(this.world.files, path)
  }

  /** The cluster's own numbers, from its Dispatcher. */
  overview() {
    return this.#client.call('the overview', (dispatcher) => dispatcher.requestClusterOverview({}))
  }

  /**
   * Ends all faults and the cluster in good order, and checks that nothing is left: with all jobs
   * ended, slots, network buffers and blobs are free before; afterwards there are no timers or
   * connections.
   *
   * @throws InvariantViolation
   */
  close(): Promise<void> {
    return closeCluster({
      cluster: this,
      topology: this.#topology,
      client: this.#client,
      jobs: this.#jobs,
      invariants: this.#invariants.cluster,
    })
  }

  #onProcessEnded(name: string): void {
    this.#invariants.cluster.processEnded(name)
    if (name === 'jm') this.#jobs.onAllLost()
  }

  /** The process is gone, and its peers notice. */
  #endTaskManager(number: number): void {
    if (!this.#topology.taskManagers.has(number)) return
    const { process } = this.#topology.removeTaskManager(number)
    process.crash({ silent: false })
    this.#invariants.cluster.processEnded(process.name)
  }
}
