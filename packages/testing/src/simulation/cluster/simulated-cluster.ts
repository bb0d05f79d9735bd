import assert from 'node:assert/strict'
import { Configuration } from '@flink-ts/core'
import type { DispatcherGateway, ExecutionGraphInfo, JobCode } from '@flink-ts/runtime'
import { checkAtRest } from '../invariants/at-rest.js'
import { ClusterInvariants } from '../invariants/cluster-invariants.js'
import { CALM_NETWORK } from '../network/seeded-rpc-policy.js'
import { ModuleCache } from './module-cache.js'
import { readTextLines } from './read-text-lines.js'
import { recordProgram, type SimulatedProgram } from './record-program.js'
import { type JobClient, SimulatedJob } from './simulated-job.js'
import { JOB_MANAGER_NAME, SimulatedJobManager } from './simulated-job-manager.js'
import { SimulatedTaskManager } from './simulated-task-manager.js'
import { SimulatedWorld, type SimulatedWorldOptions } from './simulated-world.js'
import { SimulationTimeoutError } from './simulation-timeout-error.js'

export interface SimulatedClusterOptions extends SimulatedWorldOptions {
  /** TaskManagers that are started at once. Default 1. */
  readonly taskManagers?: number
  /** `taskmanager.numberOfTaskSlots`. Default 2. */
  readonly slotsPerTaskManager?: number
  /**
   * Longest time that a TaskManager's processor takes for one turn of a task. Default 0.2 ms; more
   * makes jobs last longer, so that faults meet them.
   */
  readonly maxTurnMs?: number
  /** Flink keys of the cluster. */
  readonly configuration?: Readonly<Record<string, string>>
}

/** No wait of a scenario should take longer, in virtual milliseconds. */
const DEFAULT_TIMEOUT_MS = 600_000

/**
 * A whole cluster in this thread on virtual time: one JobManager and any number of TaskManagers, made
 * of the same components as real ones. The seed decides everything: the same seed and the same calls
 * give the same {@link traceHash}.
 *
 * Methods that answer promises let virtual time go on until they are done; between them it stands
 * still. Only one may run at a time.
 */
export class SimulatedCluster {
  readonly world: SimulatedWorld
  readonly #configuration: Configuration
  readonly #invariants: ClusterInvariants
  readonly #modules = new ModuleCache()
  readonly #code = new Map<string, JobCode>()
  readonly #ended = new Map<string, ExecutionGraphInfo>()
  readonly #lines: string[] = []
  readonly #taskManagers = new Map<number, SimulatedTaskManager>()
  readonly #maxTurnMs: number | undefined
  #jobManager: SimulatedJobManager | undefined
  #nextTaskManager = 1
  #injectedFaults = 0

  private constructor(options: SimulatedClusterOptions) {
    this.world = new SimulatedWorld(options)
    this.#invariants = new ClusterInvariants(this.world)
    this.world.onLog = (observation) => this.#invariants.observe(observation)
    this.#maxTurnMs = options.maxTurnMs
    this.#configuration = Configuration.fromMap({
      'taskmanager.memory.process.size': '1 gb',
      'taskmanager.numberOfTaskSlots': String(options.slotsPerTaskManager ?? 2),
      ...options.configuration,
    })
  }

  /** Answers when the JobManager leads and all TaskManagers have brought their slots. */
  static async start(options: SimulatedClusterOptions): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster(options)
    await cluster.#startJobManager()
    const count = options.taskManagers ?? 1
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

  /** Crashes, partitions, and messages lost or slowed down, so far. */
  get faults(): number {
    return this.#injectedFaults + this.world.policy.injected
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
    return [...this.#taskManagers.keys()]
  }

  /** Runs `program` and submits the job of its first `execute()`; see {@link recordProgram}. */
  async submit(
    program: SimulatedProgram,
    configuration: Readonly<Record<string, string>> = {},
  ): Promise<SimulatedJob> {
    const random = this.world.forkRandom()
    const { jobGraph, code } = await recordProgram(program, { random, configuration })
    await this.#modules.prepare(jobGraph)
    const { jobId, name } = jobGraph
    this.#code.set(jobId, code)
    await this.#call(`the submission of job ${name}`, (dispatcher) =>
      dispatcher.submitJob({ jobGraph: Buffer.from(JSON.stringify(jobGraph)) }),
    )
    return new SimulatedJob(this.#client(), { jobId, name })
  }

  /** Starts another TaskManager. @returns its number */
  async startTaskManager(): Promise<number> {
    const number = this.#nextTaskManager++
    const taskManager = await this.#await(`the start of TaskManager ${number}`, () =>
      SimulatedTaskManager.start(this.world, {
        number,
        configuration: this.#configuration,
        maxTurnMs: this.#maxTurnMs,
        codeProvider: ({ jobId }) => this.#code.get(jobId)!,
        onLine: (line) => void this.#lines.push(line),
      }),
    )
    this.#taskManagers.set(number, taskManager)
    return number
  }

  /** Kills a TaskManager. `silent`: its peers see no broken connections, as when its machine is gone. */
  crashTaskManager(number: number, options: { silent?: boolean } = {}): void {
    const taskManager = this.#requireTaskManager(number)
    this.#injectedFaults++
    this.#taskManagers.delete(number)
    taskManager.process.crash({ silent: options.silent ?? false })
    this.#invariants.processEnded(taskManager.process.name)
  }

  /** Lets nothing pass between a TaskManager and all others, until {@link heal}. */
  partition(number: number): void {
    const name = this.#requireTaskManager(number).process.name
    this.#injectedFaults++
    this.world.trace.add('world', `partition of ${name}`)
    for (const other of this.#processes()) {
      if (other.name === name) continue
      const { rpcNetwork, dataNetwork } = this.world
      const own = this.#requireTaskManager(number).process
      rpcNetwork.partition([own.rpcService.address], [other.rpcService.address])
      dataNetwork.block(own.name, other.name)
      dataNetwork.block(other.name, own.name)
    }
  }

  /** Ends all partitions, and messages are not lost any more. */
  heal(): void {
    this.world.trace.add('world', 'all faults end')
    this.world.policy.faults = CALM_NETWORK
    this.world.rpcNetwork.heal()
    this.world.dataNetwork.heal()
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
  async advanceUntil(
    what: string,
    condition: () => boolean,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<void> {
    const deadlineMs = this.nowMs + timeoutMs
    const outcome = await this.world.time.run({ until: condition, deadlineMs })
    if (outcome !== 'CONDITION') throw new SimulationTimeoutError({ what, timeoutMs })
  }

  /** Puts a file into the file system that all processes share. Absolute path. */
  async writeFile(path: string, text: string): Promise<void> {
    const stream = await this.world.files.create(path, 'overwrite')
    await stream.write(Buffer.from(text))
    await stream.close()
  }

  /** The lines of a file, or of all files of a folder, by name, without hidden ones. */
  readLines(path: string): Promise<string[]> {
    return readTextLines(this.world.files, path)
  }

  /** The cluster's own numbers, from its Dispatcher. */
  overview() {
    return this.#call('the overview', (dispatcher) => dispatcher.requestClusterOverview({}))
  }

  /**
   * Ends all faults and the cluster in good order, and checks that nothing is left: with all jobs
   * ended, slots and network buffers are free before; afterwards there are no timers or connections.
   *
   * @throws InvariantViolation
   */
  async close(): Promise<void> {
    this.heal()
    const { world } = this
    const taskManagers = [...this.#taskManagers.values()]
    if (this.#allJobsEnded()) {
      const problems = () => checkAtRest(taskManagers, this.#invariants)
      const deadlineMs = this.nowMs + DEFAULT_TIMEOUT_MS
      await world.time.run({ until: () => problems().length === 0, deadlineMs })
      for (const problem of problems()) world.violated(`after all jobs ended ${problem}`)
    }
    await this.#await('the end of the cluster', async () => {
      await Promise.all(taskManagers.map((taskManager) => taskManager.close()))
      await this.#jobManager?.close()
    })
    world.rpcNetwork.close()
    for (const { name, clock } of this.#processes()) {
      for (const timer of clock.pendingTimers) world.violated(`${name} left a timer: ${timer}`)
    }
    // What was written last still arrives.
    await this.advance(10_000)
    for (const { name, executor } of this.#processes()) {
      if (executor.pendingActions > 0) world.violated(`${name} left tasks that want to run`)
    }
    if (world.dataNetwork.openConnections > 0) world.violated('data connections were left open')
    if (world.violations.length > 0) await this.advance(0)
  }

  async #startJobManager(): Promise<void> {
    this.#jobManager = await this.#await('the start of the JobManager', () =>
      SimulatedJobManager.start(this.world, {
        configuration: this.#configuration,
        modules: this.#modules,
        onJobEnded: (info) => void this.#ended.set(info.jobId, info),
      }),
    )
    const { dispatcher, resourceManager } = this.#jobManager.services
    await this.advanceUntil(
      'the leadership of the JobManager',
      () => dispatcher.gateway !== undefined && resourceManager.gateway !== undefined,
    )
  }

  #processes() {
    const all = [this.#jobManager, ...this.#taskManagers.values()]
    return all.flatMap((each) => (each === undefined ? [] : [each.process]))
  }

  #allJobsEnded(): boolean {
    return [...this.#code.keys()].every((jobId) => this.#ended.has(jobId))
  }

  #requireTaskManager(number: number): SimulatedTaskManager {
    const taskManager = this.#taskManagers.get(number)
    assert(taskManager !== undefined, `TaskManager ${number} runs`)
    return taskManager
  }

  #client(): JobClient {
    return {
      call: (what, action) => this.#call(what, action),
      advanceUntil: (what, condition, timeoutMs) => this.advanceUntil(what, condition, timeoutMs),
      endOf: (jobId) => this.#ended.get(jobId),
    }
  }

  /** Calls the Dispatcher from within the JobManager's process, as its REST endpoint does. */
  #call<T>(what: string, action: (dispatcher: DispatcherGateway) => Promise<T>): Promise<T> {
    return this.#await(what, async () => {
      const gateway = this.#jobManager?.services.dispatcher.gateway
      assert(gateway !== undefined, `${JOB_MANAGER_NAME} leads`)
      return await action(gateway)
    })
  }

  /** Runs `action` as an event and lets virtual time pass until its promise is settled. */
  async #await<T>(what: string, action: () => Promise<T>): Promise<T> {
    let settled: { readonly value: T } | { readonly error: unknown } | undefined
    this.world.time.schedule(0, () => {
      action().then(
        (value) => {
          settled = { value }
        },
        (error: unknown) => {
          settled = { error }
        },
      )
    })
    await this.advanceUntil(what, () => settled !== undefined)
    const outcome = settled as unknown as { value: T } | { error: unknown }
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }
}
