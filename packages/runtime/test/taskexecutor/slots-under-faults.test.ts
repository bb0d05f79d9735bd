import { noopLogger, type ResourceId, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { RpcEndpoint, type RpcService, SimulatedRpcNetwork, uniformPolicy } from '@flink-ts/rpc'
import t from 'tap'
import { BlobCache } from '../../dist/blob/blob-cache.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
import { HeartbeatReceiver } from '../../dist/heartbeat/heartbeat-receiver.js'
import { DEFAULT_HEARTBEAT_SETTINGS } from '../../dist/heartbeat/heartbeat-settings.js'
import { LeaderService } from '../../dist/highavailability/leader-service.js'
import { StandaloneHaServices } from '../../dist/highavailability/standalone-ha-services.js'
import { StandaloneLeaderRetriever } from '../../dist/highavailability/standalone-leader-retriever.js'
import {
  JOB_MASTER_GATEWAY,
  RESOURCE_MANAGER_GATEWAY,
  TASK_EXECUTOR_GATEWAY,
} from '../../dist/messages/gateways.js'
import type {
  EndpointAddress,
  JobMasterGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from '../../dist/messages/messages.generated.js'
import { DEFAULT_REGISTRATION_SETTINGS } from '../../dist/registration/registration-settings.js'
import { RetryingRegistration } from '../../dist/registration/retrying-registration.js'
import { ResourceManager } from '../../dist/resourcemanager/resource-manager.js'
import { DEFAULT_RESOURCE_MANAGER_SETTINGS } from '../../dist/resourcemanager/resource-manager-settings.js'
import { TaskExecutor } from '../../dist/taskexecutor/task-executor.js'
import { DEFAULT_TASK_EXECUTOR_SETTINGS } from '../../dist/taskexecutor/task-executor-settings.js'
import { advance, location, taskManagerFacts } from '../testing/control-plane.js'
import { TestingTaskLauncher } from './testing-task-launcher.js'

const log = noopLogger

/** Wants `required` slots and holds those that it accepted, until their TaskManager denies them. */
class SlotHoldingJob extends RpcEndpoint {
  readonly held = new Map<string, string>()
  readonly #jobId: string
  readonly #required: number
  readonly #token = { epoch: 1, uuid: 'job' }
  readonly #taskManagers = new Map<string, TaskExecutorGateway>()
  readonly #addresses = new Map<string, string>()
  readonly #resourceManager: ResourceManagerGateway

  readonly #heartbeats = new HeartbeatReceiver({
    mainThread: this.mainThread,
    clock: this.clock,
    settings: DEFAULT_HEARTBEAT_SETTINGS,
    onLost: () => this.#register(),
  })

  constructor(
    rpcService: RpcService,
    clock: ManualClock,
    jobId: string,
    required: number,
    resourceManager: ResourceManagerGateway,
  ) {
    super({ rpcService, endpointId: `jm_${jobId}`, log, clock })
    this.#jobId = jobId
    this.#required = required
    this.#resourceManager = resourceManager
  }

  protected override acceptedFencingToken() {
    return this.#token
  }

  protected override onStart(): void {
    const handler: Partial<JobMasterGateway> = {
      registerTaskManager: async ({ taskExecutor, location: { resourceId } }) => {
        this.#connect(resourceId, taskExecutor)
        return { success: { jobMasterResourceId: 'jm' } }
      },
      offerSlots: async ({ resourceId, offers }) => {
        // What a lost TaskManager had sent before arrives late.
        if (!this.#taskManagers.has(resourceId)) throw new Error(`${resourceId} is not registered`)
        const accepts = (allocationId: string) =>
          this.held.has(allocationId) || this.held.size < this.#required
        const accepted = offers
          .map((offer) => offer.allocationId)
          .filter((allocationId) => {
            if (!accepts(allocationId)) return false
            this.held.set(allocationId, resourceId)
            return true
          })
        return { acceptedAllocationIds: accepted }
      },
      failSlot: async ({ allocationId }) => {
        this.held.delete(allocationId)
        return {}
      },
      disconnectTaskManager: async ({ resourceId }) => this.#lose(resourceId),
      heartbeatFromResourceManager: async () => {
        this.#heartbeats.receiveHeartbeat('rm')
        return {}
      },
      disconnectResourceManager: async () => {
        this.#register()
        return {}
      },
      notifyNotEnoughResources: async () => ({}),
    }
    this.serve<JobMasterGateway>(JOB_MASTER_GATEWAY, handler as JobMasterGateway)
    this.#register()
    this.#beat()
  }

  #register(): void {
    const { address, endpointId } = this
    const jobMasterToken = this.#token
    const jobId = this.#jobId
    const request = {
      jobId,
      jobMaster: { address, endpointId },
      jobMasterToken,
      jobMasterResourceId: 'jm',
    }
    new RetryingRegistration({
      target: 'rm',
      mainThread: this.mainThread,
      log,
      settings: DEFAULT_REGISTRATION_SETTINGS,
      register: (timeoutMs) => this.#resourceManager.registerJobMaster(request, { timeoutMs }),
      onRegistered: () => {
        this.#heartbeats.monitorPeer('rm')
        const requirements = [{ numberOfRequiredSlots: this.#required }]
        const declare = () => {
          this.#resourceManager
            .declareRequiredResources({ jobId, jobMasterToken, version: 1, requirements })
            .catch(() => this.mainThread.schedule(500, declare))
        }
        declare()
      },
    }).start()
  }

  #connect(resourceId: string, { address, endpointId }: EndpointAddress): void {
    if (this.#taskManagers.has(resourceId)) return
    const before = this.#addresses.get(address)
    if (before !== undefined) this.#lose(before)
    this.#addresses.set(address, resourceId)
    const gateway = this.rpcService.connect<TaskExecutorGateway>(
      address,
      endpointId,
      TASK_EXECUTOR_GATEWAY,
      { fencingToken: this.#token },
    )
    this.#taskManagers.set(resourceId, gateway)
    this.rpcService.onConnectionLost(address, () =>
      this.mainThread.execute(() => void this.#lose(resourceId)),
    )
  }

  #lose(resourceId: string) {
    this.#taskManagers.delete(resourceId)
    for (const [allocationId, owner] of this.held) {
      if (owner === resourceId) this.held.delete(allocationId)
    }
    return {}
  }

  #beat(): void {
    for (const [resourceId, gateway] of this.#taskManagers) {
      const allocationIds = [...this.held].flatMap(([id, owner]) =>
        owner === resourceId ? [id] : [],
      )
      gateway
        .heartbeatFromJobMaster({ jobId: this.#jobId, allocationIds })
        .catch((error: { code?: string }) => {
          if (error.code === 'FLINK_STALE_CALLER') this.#lose(resourceId)
        })
    }
    this.mainThread.schedule(10_000, () => this.#beat())
  }
}

async function run(seed: number) {
  const clock = new ManualClock(1_000_000)
  const random = new SeededRandom(seed)
  const network = new SimulatedRpcNetwork({ clock, random })
  const service = (address: string) => network.createService({ address, clock })
  const jobManagerService = service('jm:1')
  const ha = new StandaloneHaServices({ processStartMs: 1, random })
  const leaderService = new LeaderService({
    rpcService: jobManagerService,
    log,
    clock,
    leaders: ha.leaders,
  })
  await leaderService.start()
  const resourceManager = new ResourceManager({
    rpcService: jobManagerService,
    endpointId: 'rm',
    log,
    clock,
    random,
    resourceId: 'jm' as ResourceId,
    settings: DEFAULT_RESOURCE_MANAGER_SETTINGS,
    driver: {
      name: 'none',
      canStartWorkers: false,
      initialize: async () => {},
      requestResource: async () => {
        throw new Error('none')
      },
      releaseResource: () => {},
      deregisterApplication: async () => {},
      terminate: async () => {},
    },
    driverStore: (term) => ha.stores(term).namespace('none-workers'),
    leaderElection: ha.leaderElection({ kind: 'resourcemanager' }),
    blobServer: { address: 'jm:1', endpointId: 'blobserver' },
    onFatalError: (error) => {
      throw error
    },
  })
  const starting = resourceManager.start()
  await advance(clock, 10, 1)
  await starting
  const { token } = ha.leaders.leaderOf({ kind: 'resourcemanager' })!
  const gateway = jobManagerService.connect<ResourceManagerGateway>(
    'jm:1',
    'rm',
    RESOURCE_MANAGER_GATEWAY,
    { fencingToken: token },
  )
  const startTaskManager = (address: string, name: string) => {
    const rpcService = service(address)
    const world = { rpcService, clock, log }
    void new TaskExecutor({
      ...world,
      endpointId: 'te',
      resourceId: name as ResourceId,
      location: location(name),
      facts: taskManagerFacts(2),
      settings: DEFAULT_TASK_EXECUTOR_SETTINGS,
      leaderRetriever: (component) =>
        new StandaloneLeaderRetriever({ ...world, component, jobManagerAddress: 'jm:1' }),
      launcher: new TestingTaskLauncher(),
      blobCache: new BlobCache({ ...world, store: new InMemoryBlobStore() }),
      releasePartitions: () => {},
      metrics: () => ({}),
      onFatalError: (error) => {
        throw error
      },
    }).start()
  }
  network.policy = uniformPolicy({
    minDelayMs: 1,
    maxDelayMs: 400,
    requestLoss: 0.15,
    responseLoss: 0.15,
  })
  for (const n of [1, 2, 3]) startTaskManager(`tm${n}:1`, `tm${n}`)
  // The JobMasters are processes of their own, so that all their messages are at risk.
  const jobs = ['job1', 'job2'].map((jobId) => {
    const rpcService = service(`${jobId}:1`)
    const rm = rpcService.connect<ResourceManagerGateway>('jm:1', 'rm', RESOURCE_MANAGER_GATEWAY, {
      fencingToken: token,
    })
    return new SlotHoldingJob(rpcService, clock, jobId, 2, rm)
  })
  for (const job of jobs) void job.start()
  await advance(clock, 20_000, 100)
  network.crash('tm2:1', { silent: seed % 2 === 0 })
  startTaskManager('tm2:1', 'tm2-again')
  await advance(clock, 20_000, 100)
  const victim = `tm${1 + random.nextInt(3)}:1`
  network.partition([victim], ['jm:1', 'job1:1', 'job2:1'])
  await advance(clock, 30_000, 100)
  network.heal()
  network.policy = uniformPolicy({ minDelayMs: 1, maxDelayMs: 5 })
  await advance(clock, 150_000, 500)
  const overview = gateway.requestResourceOverview({})
  await advance(clock, 50, 5)
  const held = jobs.map((job) => job.held.size)
  const slots = jobs.flatMap((job) => [...job.held.keys()])
  return { held, distinct: new Set(slots).size, overview: await overview }
}

// 271: a slot that the ResourceManager took for free was asked for between any two heartbeats.
for (const seed of [1, 2, 3, 4, 84, 271]) {
  t.test(
    `TaskExecutors and ResourceManager give each job its slots after faults, seed ${seed}`,
    async (t) => {
      const { held, distinct, overview } = await run(seed)
      t.same(held, [2, 2])
      t.equal(distinct, 4)
      t.same(overview, { taskManagers: 3, slotsTotal: 6, slotsAvailable: 2 })
    },
  )
}
