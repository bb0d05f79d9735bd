import assert from 'node:assert/strict'
import { type Configuration, FLINK_TS_VERSION, type ResourceId, RpcOptions } from '@flink-ts/core'
import { networkShuffleService, type ShuffleServiceFactory } from '@flink-ts/network'
import { createResourceManagerDriver } from '@flink-ts/resourcemanager-standalone'
import { type InMemoryRpcService, InProcessRpcNetwork } from '@flink-ts/rpc'
import {
  type DispatcherGateway,
  InMemoryBlobStore,
  type JobCode,
  type JobManagerServices,
  type RecordedJob,
  startJobManagerServices,
  type TaskManagerServices,
} from '@flink-ts/runtime'
import { miniClusterConfiguration } from './mini-cluster-configuration.js'
import { MiniClusterJob } from './mini-cluster-job.js'
import type { MiniClusterOptions, MiniClusterWorld } from './mini-cluster-options.js'
import { MiniClusterTaskManagers } from './mini-cluster-task-managers.js'
import { systemWorld } from './system-world.js'

/**
 * A whole cluster in this process and thread, without sockets: JobManager and TaskManagers are the real ones. A user
 * function that never returns blocks all of it.
 */
export class MiniCluster {
  readonly #options: MiniClusterOptions
  readonly #world: MiniClusterWorld
  readonly #configuration: Configuration
  readonly #network = new InProcessRpcNetwork()
  readonly #jobs = new Map<string, MiniClusterJob>()
  readonly #code = new Map<string, JobCode>()
  readonly #rpcServices: InMemoryRpcService[] = []
  readonly #shuffleService: ShuffleServiceFactory
  readonly #taskManagers: MiniClusterTaskManagers
  #jobManager: JobManagerServices | undefined
  #started: Promise<void> | undefined
  #closed: Promise<void> | undefined

  /** @throws IllegalConfigurationError */
  constructor(options: MiniClusterOptions = {}) {
    this.#options = options
    this.#world = systemWorld(options)
    this.#shuffleService = options.shuffleService ?? networkShuffleService
    const slots = options.numberOfTaskSlotsPerTaskManager
    const { configuration, memory } = miniClusterConfiguration(options.configuration, slots)
    this.#configuration = configuration
    this.#taskManagers = new MiniClusterTaskManagers({
      world: this.#world,
      configuration,
      memory,
      shuffleService: this.#shuffleService,
      createRpcService: (address) => this.#createRpcService(address),
      codeProvider: ({ jobId }) => {
        const code = this.#code.get(jobId)
        assert(code !== undefined, `job ${jobId} was submitted with its code`)
        return code
      },
      fatalErrorHandler: (error) => this.#onFatalError(error),
    })
  }

  /** Resolves when all slots are registered. Idempotent. */
  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  /** Runs a job with the code that it was recorded with. Starts the cluster if need be. */
  async submitJob({ jobGraph, code }: RecordedJob): Promise<MiniClusterJob> {
    await this.start()
    const dispatcher = await this.dispatcher()
    const { jobId } = jobGraph
    const job = new MiniClusterJob(jobId, dispatcher, this.#world)
    assert(!this.#jobs.has(jobId), `job ${jobId} is submitted once`)
    this.#code.set(jobId, code)
    this.#jobs.set(jobId, job)
    try {
      await dispatcher.submitJob({ jobGraph: Buffer.from(JSON.stringify(jobGraph)) })
    } catch (error) {
      this.#forget(jobId)
      throw error
    }
    return job
  }

  /** The leading Dispatcher. */
  dispatcher(): Promise<DispatcherGateway> {
    assert(this.#jobManager !== undefined, 'the cluster has been started')
    return this.#jobManager.dispatcher.whenLed()
  }

  /** Starts one more TaskManager; resolves when it runs, before it is registered. */
  async startTaskManager(): Promise<TaskManagerServices> {
    await this.start()
    assert(this.#jobManager !== undefined && this.#closed === undefined, 'the cluster runs')
    return this.#taskManagers.start(this.#jobManager.highAvailability)
  }

  /** Ends everything; jobs that run do not end in good order. Leaves no timer. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close(undefined)
    return this.#closed
  }

  async #start(): Promise<void> {
    const { clock, random, log, fileSystems, moduleLoader } = this.#world
    const configuration = this.#configuration
    const shuffleMaster = await this.#shuffleService.createShuffleMaster({
      configuration,
      clock,
      log,
    })
    this.#jobManager = await startJobManagerServices({
      configuration,
      shuffleMaster,
      clock,
      random,
      log,
      fileSystems,
      moduleLoader,
      rpcService: this.#createRpcService('jobmanager:6123'),
      resourceId: 'jobmanager' as ResourceId,
      blobStore: new InMemoryBlobStore(),
      resourceManagerDriver: createResourceManagerDriver({ configuration, clock, random, log }),
      version: {
        version: FLINK_TS_VERSION,
        nodeMajor: Number.parseInt(process.versions.node, 10),
      },
      onClusterShutDown: () => void this.close(),
      onJobEnded: (info) => {
        const job = this.#jobs.get(info.jobId)
        this.#forget(info.jobId)
        job?.ended(info)
      },
      fatalErrorHandler: (error) => this.#onFatalError(error),
    })
    const { highAvailability, resourceManager } = this.#jobManager
    const count = this.#options.numberOfTaskManagers ?? 1
    for (let i = 0; i < count; i++) await this.#taskManagers.start(highAvailability)
    const gateway = await resourceManager.whenLed()
    // Registration takes a few turns; there is nothing to be told by.
    while (
      this.#closed === undefined &&
      (await gateway.requestResourceOverview({})).slotsTotal < this.#taskManagers.slots
    ) {
      await new Promise<void>((resolve) => this.#world.defer(resolve))
    }
  }

  #createRpcService(address: string): InMemoryRpcService {
    const service = this.#network.createService({
      address,
      clock: this.#world.clock,
      defaultTimeoutMs: this.#configuration.get(RpcOptions.ASK_TIMEOUT),
      maxMessageBytes: this.#configuration.get(RpcOptions.FRAMESIZE),
    })
    this.#rpcServices.push(service)
    return service
  }

  #forget(jobId: string): void {
    this.#jobs.delete(jobId)
    this.#code.delete(jobId)
  }

  #onFatalError(error: unknown): void {
    this.#world.log.error('Fatal error in the MiniCluster', { error })
    this.#closed ??= this.#close(error)
    // What comes of it is told to the jobs.
    this.#closed.catch(() => {})
  }

  async #close(cause: unknown): Promise<void> {
    // Half a start would leave the other half running.
    await this.#started?.catch(() => {})
    try {
      await this.#jobManager?.close()
      await this.#taskManagers.close()
    } finally {
      for (const service of this.#rpcServices) await service.close()
      for (const job of this.#jobs.values()) job.abandoned(cause)
      this.#jobs.clear()
      this.#code.clear()
    }
  }
}
