import {
  type AllocationId,
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { InProcessRpcNetwork, RpcEndpoint, type RpcService } from '@flink-ts/rpc'
import {
  type EndpointAddress,
  type ErrorInfo,
  type ExecutionState,
  JOB_MASTER_GATEWAY,
  type JobMasterGateway,
  type LeaderToken,
  RESOURCE_MANAGER_GATEWAY,
  type RegisterJobMasterRequest,
  type ResourceManagerGateway,
  StandaloneHaServices,
  TASK_EXECUTOR_GATEWAY,
  type TaskDeploymentDescriptor,
  type TaskExecutorGateway,
  type TaskManagerLocation,
  type TaskMetrics,
} from '@flink-ts/runtime'

const PROFILE = {
  cpuCores: 1,
  taskHeapBytes: 1,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

/** Lets everything that waits for nothing but its turn happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** JobManager services, a ResourceManager and TaskManagers that do what a test says. */
export class TestingCluster {
  readonly clock = new ManualClock(1_000_000)
  readonly random = new SeededRandom(7)
  readonly network = new InProcessRpcNetwork()
  readonly rpcService = this.createService('jobmanager:6123')
  readonly ha = new StandaloneHaServices({ processStartMs: 1, random: this.random })
  /** What is kept for a later leader, of whichever term. */
  readonly graphs = this.ha.stores({ epoch: 1, uuid: '' }).jobGraphs
  readonly files = new InMemoryFileSystem({ clock: this.clock, random: new SeededRandom(8) })
  readonly fileSystems = new FileSystemRegistry([this.files], this.files.scheme)
  readonly resourceManager = new TestingResourceManager(this)
  readonly taskManagers: TestingTaskManager[] = []
  readonly configuration = new Configuration()

  /** Keys and values, from now on. */
  configure(values: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(values)) this.configuration.setString(key, value)
  }

  /** What the process of a JobManager hands to its Dispatcher and to its JobMasters. */
  get jobManagerServices() {
    const { configuration, rpcService, ha, fileSystems, clock, random } = this
    return {
      configuration,
      rpcService,
      highAvailability: ha,
      fileSystems,
      loadModule: async () => ({}),
      clock,
      random,
      log: noopLogger,
      resourceId: 'jm',
    }
  }

  createService(address: string): RpcService {
    return this.network.createService({ address, clock: this.clock })
  }

  async startTaskManager(id: string, slots = 0): Promise<TestingTaskManager> {
    const taskManager = new TestingTaskManager(this, id)
    this.taskManagers.push(taskManager)
    await taskManager.start()
    await taskManager.register()
    if (slots > 0) await taskManager.offer(slots)
    await settle()
    return taskManager
  }

  get deployed(): TaskDeploymentDescriptor[] {
    return this.taskManagers.flatMap(({ deployed }) => deployed)
  }

  /** Time passes in steps, and everything that follows happens. */
  async advance(ms: number, steps = 1): Promise<void> {
    for (let i = 0; i < steps; i++) {
      this.clock.advance(ms / steps)
      await settle()
    }
  }

  async close(): Promise<void> {
    for (const taskManager of this.taskManagers) await taskManager.crash()
    await this.resourceManager.close()
    await this.rpcService.close()
  }
}

export class TestingResourceManager extends RpcEndpoint {
  readonly #cluster: TestingCluster
  jobMaster: RegisterJobMasterRequest | undefined
  readonly declared: number[] = []
  readonly versions: number[] = []
  readonly disconnected: string[] = []
  failDeclarations = 0
  /** It is one that tells why TaskManagers end. */
  explainsEnds = false

  constructor(cluster: TestingCluster) {
    super({
      rpcService: cluster.rpcService,
      endpointId: 'resourcemanager',
      log: noopLogger,
      clock: cluster.clock,
    })
    this.#cluster = cluster
  }

  protected override onStart(): void {
    const handler: Partial<ResourceManagerGateway> = {
      registerJobMaster: async (request) => {
        this.jobMaster = request
        return { success: { resourceManagerId: 'rm', explainsEnds: this.explainsEnds } }
      },
      declareRequiredResources: async ({ requirements, version }) => {
        if (this.failDeclarations-- > 0) throw new Error('not now')
        this.versions.push(version)
        this.declared.push(requirements[0]?.numberOfRequiredSlots ?? 0)
        return {}
      },
      disconnectJobMaster: async ({ jobStatus }) => {
        this.disconnected.push(jobStatus)
        return {}
      },
      requestResourceOverview: async () => ({ taskManagers: 2, slotsTotal: 4, slotsAvailable: 3 }),
    }
    this.serve(RESOURCE_MANAGER_GATEWAY, handler as ResourceManagerGateway)
    const token = { epoch: 1, uuid: 'rm' }
    const { address, endpointId } = this
    this.#cluster.ha.leaders.publish(
      { kind: 'resourcemanager' },
      {
        address,
        endpointId,
        token,
      },
    )
  }
}

export class TestingTaskManager {
  readonly #cluster: TestingCluster
  readonly id: string
  readonly location: TaskManagerLocation
  readonly deployed: TaskDeploymentDescriptor[] = []
  readonly cancelled: string[] = []
  readonly freed: string[] = []
  /** Partitions that were to be released. */
  readonly released: string[] = []
  readonly events: { attemptId: string; sequence: number; payload: Uint8Array }[] = []
  goodbyes = 0
  heartbeats = 0
  /** Tasks run as soon as they are deployed, and end when they are cancelled. */
  obedient = true
  metrics: TaskMetrics[] = []
  /** Undefined: what was deployed and has not ended. */
  reportedAttempts: string[] | undefined
  submitTask: TaskExecutorGateway['submitTask'] = async ({ descriptor }) => {
    this.deployed.push(descriptor)
    this.running.add(descriptor.executionAttemptId)
    if (this.obedient) {
      void this.report(descriptor.executionAttemptId, 'INITIALIZING')
        .then(() => this.report(descriptor.executionAttemptId, 'RUNNING'))
        .catch(() => {})
    }
    return {}
  }
  cancelTask: TaskExecutorGateway['cancelTask'] = async ({ executionAttemptId }) => {
    this.cancelled.push(executionAttemptId)
    if (this.obedient) void this.report(executionAttemptId, 'CANCELED').catch(() => {})
    return {}
  }
  sendOperatorEventToTask: TaskExecutorGateway['sendOperatorEventToTask'] = async (event) => {
    const { executionAttemptId: attemptId, sequence, payload } = event
    this.events.push({ attemptId, sequence, payload })
    return {}
  }
  heartbeatFromJobMaster: TaskExecutorGateway['heartbeatFromJobMaster'] = async () => {
    this.heartbeats++
    const executionAttemptIds = this.reportedAttempts ?? [...this.running]
    return { deployment: { executionAttemptIds }, metrics: this.metrics }
  }
  readonly triggered: Parameters<TaskExecutorGateway['triggerCheckpoint']>[0][] = []
  /** Checkpoints that tasks were told to be complete, or given up: `complete 3` and so on. */
  readonly notified: string[] = []
  triggerCheckpoint: TaskExecutorGateway['triggerCheckpoint'] = async (request) => {
    this.triggered.push(request)
    return { refusedExecutionAttemptIds: [] }
  }
  readonly running = new Set<string>()
  readonly #service: RpcService
  readonly #endpoint: TestingTaskExecutorEndpoint
  #allocations = 0

  constructor(cluster: TestingCluster, id: string) {
    this.#cluster = cluster
    this.id = id
    this.location = { resourceId: id, host: id, dataPort: 1, nodeId: id }
    this.#service = cluster.createService(`${id}:${cluster.taskManagers.length + 1}`)
    this.#endpoint = new TestingTaskExecutorEndpoint(this.#service, cluster.clock, {
      submitTask: (request) => this.submitTask(request),
      cancelTask: (request) => this.cancelTask(request),
      sendOperatorEventToTask: (request) => this.sendOperatorEventToTask(request),
      heartbeatFromJobMaster: (request) => this.heartbeatFromJobMaster(request),
      triggerCheckpoint: (request) => this.triggerCheckpoint(request),
      notifyCheckpointComplete: async ({ checkpointId }) => {
        this.notified.push(`complete ${checkpointId}`)
        return {}
      },
      notifyCheckpointAborted: async ({ checkpointId }) => {
        this.notified.push(`aborted ${checkpointId}`)
        return {}
      },
      requestTaskMetrics: async () => ({ metrics: this.metrics }),
      releasePartitions: async ({ partitionIds }) => {
        this.released.push(...partitionIds)
        return {}
      },
      freeSlot: async ({ allocationId }) => {
        this.freed.push(allocationId)
        return {}
      },
      disconnectJobMaster: async () => {
        this.goodbyes++
        return {}
      },
    })
  }

  get address(): EndpointAddress {
    return { address: this.#service.address, endpointId: this.#endpoint.endpointId }
  }

  start(): Promise<void> {
    return this.#endpoint.start()
  }

  /** The gateway of the JobMaster that registered at the ResourceManager. */
  jobMaster(token?: LeaderToken): JobMasterGateway {
    const registered = this.#cluster.resourceManager.jobMaster
    if (registered === undefined) throw new Error('no JobMaster has registered')
    const { address, endpointId } = registered.jobMaster
    return this.#service.connect(address, endpointId, JOB_MASTER_GATEWAY, {
      fencingToken: token ?? registered.jobMasterToken,
    })
  }

  register(): ReturnType<JobMasterGateway['registerTaskManager']> {
    return this.jobMaster().registerTaskManager({
      jobId: this.#cluster.resourceManager.jobMaster!.jobId,
      taskExecutor: this.address,
      location: this.location,
    })
  }

  /** Offers `count` new slots. @returns the accepted ones */
  async offer(count: number): Promise<readonly string[]> {
    const ids = Array.from({ length: count }, () => `${this.id}-${this.#allocations++}`)
    return this.offerAgain(ids)
  }

  async offerAgain(allocationIds: readonly string[]): Promise<readonly string[]> {
    const offers = allocationIds.map((allocationId, slotIndex) => ({
      allocationId: allocationId as AllocationId,
      slotIndex,
      profile: PROFILE,
    }))
    const response = await this.jobMaster().offerSlots({ resourceId: this.id, offers })
    return response.acceptedAllocationIds
  }

  async report(
    executionAttemptId: string,
    state: ExecutionState,
    error?: ErrorInfo,
    metrics?: TaskMetrics,
  ): Promise<void> {
    if (['FINISHED', 'CANCELED', 'FAILED'].includes(state)) this.running.delete(executionAttemptId)
    await this.jobMaster().updateTaskExecutionState({
      executionAttemptId,
      state,
      ...(error === undefined ? {} : { error }),
      ...(metrics === undefined ? {} : { metrics }),
    })
  }

  /** The process is gone. */
  async crash(): Promise<void> {
    await this.#endpoint.close()
    await this.#service.close()
  }
}

class TestingTaskExecutorEndpoint extends RpcEndpoint {
  readonly #handler: Partial<TaskExecutorGateway>

  constructor(rpcService: RpcService, clock: ManualClock, handler: Partial<TaskExecutorGateway>) {
    super({ rpcService, endpointId: 'taskexecutor', log: noopLogger, clock })
    this.#handler = handler
  }

  protected override onStart(): void {
    this.serve(TASK_EXECUTOR_GATEWAY, this.#handler as TaskExecutorGateway)
  }
}
