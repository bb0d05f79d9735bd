import { type AllocationId, noopLogger, type ResourceId, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  FencedRpcEndpoint,
  type RpcService,
  SimulatedRpcNetwork,
  uniformPolicy,
} from '@flink-ts/rpc'
import fc from 'fast-check'
import t from 'tap'
import { BlobCache } from '../../dist/blob/blob-cache.js'
import { InMemoryBlobStore } from '../../dist/blob/in-memory-blob-store.js'
import type { AssignedSlot } from '../../dist/executiongraph/execution.js'
import { DEFAULT_HEARTBEAT_SETTINGS } from '../../dist/heartbeat/heartbeat-settings.js'
import { LeaderService } from '../../dist/highavailability/leader-service.js'
import { StandaloneHaServices } from '../../dist/highavailability/standalone-ha-services.js'
import { StandaloneLeaderRetriever } from '../../dist/highavailability/standalone-leader-retriever.js'
import { JobMasterHandler } from '../../dist/jobmaster/job-master-handler.js'
import { ResourceManagerConnection } from '../../dist/jobmaster/resource-manager-connection.js'
import { SlotPool } from '../../dist/jobmaster/slotpool/slot-pool.js'
import type { SlotRequest } from '../../dist/jobmaster/slotpool/slot-provider.js'
import { TaskManagerConnections } from '../../dist/jobmaster/task-manager-connections.js'
import { JOB_MASTER_GATEWAY } from '../../dist/messages/gateways.js'
import type {
  JobMasterGateway,
  ResourceProfile,
  SlotReport,
} from '../../dist/messages/messages.generated.js'
import { DEFAULT_REGISTRATION_SETTINGS } from '../../dist/registration/registration-settings.js'
import { ResourceManager } from '../../dist/resourcemanager/resource-manager.js'
import { DEFAULT_RESOURCE_MANAGER_SETTINGS } from '../../dist/resourcemanager/resource-manager-settings.js'
import {
  formatProfile,
  multiplyProfile,
  profileFits,
  profileKey,
  subtractProfiles,
} from '../../dist/resourcemanager/slotmanager/resource-profiles.js'
import { DEFAULT_SLOT_MANAGER_SETTINGS } from '../../dist/resourcemanager/slotmanager/slot-manager-settings.js'
import type { Scheduler } from '../../dist/scheduler/scheduler.js'
import { TaskExecutor } from '../../dist/taskexecutor/task-executor.js'
import { DEFAULT_TASK_EXECUTOR_SETTINGS } from '../../dist/taskexecutor/task-executor-settings.js'
import { TestingTaskLauncher } from '../taskexecutor/testing-task-launcher.js'
import { advance, location, SLOT_PROFILE, taskManagerFacts } from '../testing/control-plane.js'

const log = noopLogger
const SLOTS = 2
const SMALL = multiplyProfile(SLOT_PROFILE, 0.5)
const LARGE = multiplyProfile(SLOT_PROFILE, 1.5)
const PROFILES = [undefined, SMALL, LARGE]
const JOBS = ['job1', 'job2']
const TASK_MANAGERS = [1, 2, 3]

interface Wish {
  readonly profile: ResourceProfile | undefined
  request: SlotRequest | undefined
  slot: AssignedSlot | undefined
}

/** All of a JobMaster that has to do with slots; instead of a scheduler somebody wishes for them. */
class SlotUsingJob extends FencedRpcEndpoint {
  readonly jobId: string
  readonly wishes: Wish[] = []
  readonly pool: SlotPool
  readonly #resourceManager: ResourceManagerConnection
  readonly #taskManagers: TaskManagerConnections

  constructor(rpcService: RpcService, clock: ManualClock, jobId: string, ha: StandaloneHaServices) {
    const fencingToken = { epoch: 1, uuid: jobId }
    super({ rpcService, endpointId: `jm_${jobId}`, log, clock, fencingToken })
    this.jobId = jobId
    const { mainThread, address, endpointId } = this
    const world = { rpcService, mainThread, clock, log, jobId }
    const heartbeat = DEFAULT_HEARTBEAT_SETTINGS
    this.pool = new SlotPool({
      log,
      schedule: (delayMs, action) => mainThread.schedule(delayMs, action),
      idleTimeoutMs: 50_000,
      fineGrained: true,
      profiles: [SMALL, LARGE],
      onRequirementChanged: () => this.#resourceManager.requirementsChanged(),
      freeSlot: ({ allocationId, location: { resourceId } }) => {
        const cause = { name: 'Error', message: 'not used' }
        this.#taskManagers
          .gateway(resourceId)
          ?.freeSlot({ allocationId, cause })
          .catch(() => {})
      },
    })
    this.#taskManagers = new TaskManagerConnections({
      ...world,
      heartbeat,
      token: fencingToken,
      allocationIds: (resourceId) => this.pool.slotsOf(resourceId).map((slot) => slot.allocationId),
      latestCompletedCheckpointId: () => 0n,
      onHeartbeat: () => {},
      onLost: (resourceId) => this.#lost(this.pool.removeTaskManager(resourceId)),
    })
    this.#resourceManager = new ResourceManagerConnection({
      ...world,
      heartbeat,
      retriever: new StandaloneLeaderRetriever({
        rpcService,
        clock,
        log,
        component: { kind: 'resourcemanager' },
        jobManagerAddress: 'jm:1',
      }),
      registration: DEFAULT_REGISTRATION_SETTINGS,
      address: { address, endpointId },
      token: fencingToken,
      resourceId: jobId,
      requirements: () => this.pool.requirements,
    })
    ha.leaders.publish({ kind: 'jobmanager', jobId }, { address, endpointId, token: fencingToken })
  }

  protected override onStart(): void {
    const handler = new JobMasterHandler({
      jobMaster: {} as never,
      jobId: this.jobId,
      scheduler: { jobStatus: 'RUNNING' } as Scheduler,
      slotPool: this.pool,
      taskManagers: this.#taskManagers,
      resourceManager: this.#resourceManager,
      explanations: {} as never,
      initialized: Promise.resolve(),
      coordinators: () => undefined,
      checkpointing: () => undefined,
      slotFailed: (allocationId) => {
        const slot = this.pool.removeSlot(allocationId)
        if (slot !== undefined) this.#lost([slot])
      },
      resourceId: this.jobId,
      log,
    })
    this.serve<JobMasterGateway>(JOB_MASTER_GATEWAY, handler)
    this.#resourceManager.start()
  }

  want(profile: ResourceProfile | undefined): void {
    const wish: Wish = { profile, request: undefined, slot: undefined }
    this.wishes.push(wish)
    this.#ask(wish)
  }

  giveUp(index: number): void {
    const [wish] = this.wishes.splice(index % (this.wishes.length || 1), 1)
    if (wish?.slot !== undefined) this.pool.releaseSlot(wish.slot.allocationId)
    else wish?.request?.cancel()
  }

  #ask(wish: Wish): void {
    const previous: AllocationId | undefined = wish.slot?.allocationId
    wish.slot = undefined
    wish.request = this.pool.requestSlot(
      (slot) => {
        wish.slot = slot
      },
      { profile: wish.profile, previous },
    )
  }

  #lost(slots: readonly AssignedSlot[]): void {
    const ids = new Set(slots.map(({ allocationId }) => allocationId))
    for (const wish of this.wishes) {
      if (wish.slot !== undefined && ids.has(wish.slot.allocationId)) this.#ask(wish)
    }
  }
}

type Step =
  | { type: 'want'; job: number; profile: number }
  | { type: 'giveUp'; job: number; index: number }
  | { type: 'crash'; tm: number; silent: boolean }
  | { type: 'partition'; tm: number }
  | { type: 'heal' }
  | { type: 'pass'; ms: number }

const job = fc.nat(JOBS.length - 1)
const tm = fc.nat(TASK_MANAGERS.length - 1)
const want = fc.record({ type: fc.constant('want' as const), job, profile: fc.nat(2) })
const pass = fc.record({ type: fc.constant('pass' as const), ms: fc.nat(12_000) })
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: want, weight: 4 },
  { arbitrary: pass, weight: 4 },
  fc.record({ type: fc.constant('giveUp' as const), job, index: fc.nat(5) }),
  fc.record({ type: fc.constant('crash' as const), tm, silent: fc.boolean() }),
  fc.record({ type: fc.constant('partition' as const), tm }),
  fc.constant({ type: 'heal' as const }),
)

interface Faults {
  readonly seed: number
  readonly lossPercent: number
  readonly duplicatePercent: number
  readonly maxDelayMs: number
}

const faults: fc.Arbitrary<Faults> = fc.record({
  seed: fc.nat(1_000_000),
  lossPercent: fc.nat(25),
  duplicatePercent: fc.nat(30),
  maxDelayMs: fc.integer({ min: 2, max: 400 }),
})

/** A cluster whose messages are lost, repeated and overtake each other. */
class Cluster {
  readonly clock = new ManualClock(1_000_000)
  readonly network: SimulatedRpcNetwork
  readonly ha: StandaloneHaServices
  readonly jobs: SlotUsingJob[]
  readonly taskExecutors = new Map<number, TaskExecutor>()
  readonly #random: SeededRandom
  #started = 0

  constructor(seed: number) {
    const { clock } = this
    this.#random = new SeededRandom(seed)
    this.network = new SimulatedRpcNetwork({ clock, random: this.#random })
    this.ha = new StandaloneHaServices({ processStartMs: 1, random: this.#random })
    this.jobs = JOBS.map(
      (id) => new SlotUsingJob(this.#service(`${id}:1`), this.clock, id, this.ha),
    )
  }

  async start({ lossPercent, duplicatePercent, maxDelayMs }: Faults): Promise<void> {
    const { clock, ha } = this
    const rpcService = this.#service('jm:1')
    const world = { rpcService, log, clock }
    void new LeaderService({ ...world, leaders: ha.leaders }).start()
    void new ResourceManager({
      ...world,
      endpointId: 'rm',
      random: this.#random,
      resourceId: 'jm' as ResourceId,
      settings: {
        ...DEFAULT_RESOURCE_MANAGER_SETTINGS,
        startUpTimeMs: 0,
        slotManager: { ...DEFAULT_SLOT_MANAGER_SETTINGS, fineGrained: true },
      },
      driver: {
        name: 'none',
        canStartWorkers: false,
        initialize: async () => {},
        requestResource: async () => Promise.reject(new Error('none')),
        releaseResource: () => {},
        deregisterApplication: async () => {},
        terminate: async () => {},
      },
      driverStore: (term) => ha.stores(term).namespace('none-workers'),
      leaderElection: ha.leaderElection({ kind: 'resourcemanager' }),
      blobServer: { address: 'jm:1', endpointId: 'blobserver' },
      onFatalError: fatal,
    }).start()
    await advance(clock, 10, 1)
    this.network.policy = {
      ...uniformPolicy({
        minDelayMs: 1,
        maxDelayMs,
        requestLoss: lossPercent / 100,
        responseLoss: lossPercent / 100,
      }),
      duplicatesRequest: (_message, random) => random.next() < duplicatePercent / 100,
    }
    for (const n of TASK_MANAGERS) this.startTaskManager(n)
    for (const job of this.jobs) void job.start()
  }

  startTaskManager(n: number): void {
    const { clock } = this
    const world = { rpcService: this.#service(`tm${n}:1`), clock, log }
    const name = `tm${n}-${++this.#started}`
    const taskExecutor = new TaskExecutor({
      ...world,
      endpointId: 'te',
      resourceId: name as ResourceId,
      location: location(name),
      facts: taskManagerFacts(SLOTS),
      settings: DEFAULT_TASK_EXECUTOR_SETTINGS,
      leaderRetriever: (component) =>
        new StandaloneLeaderRetriever({ ...world, component, jobManagerAddress: 'jm:1' }),
      launcher: new TestingTaskLauncher(),
      blobCache: new BlobCache({ ...world, store: new InMemoryBlobStore() }),
      releasePartitions: () => {},
      metrics: () => ({}),
      onFatalError: fatal,
    })
    this.taskExecutors.set(n, taskExecutor)
    void taskExecutor.start()
  }

  async take(step: Step): Promise<void> {
    if (step.type === 'want') this.jobs[step.job]!.want(PROFILES[step.profile])
    else if (step.type === 'giveUp') this.jobs[step.job]!.giveUp(step.index)
    else if (step.type === 'pass') await advance(this.clock, step.ms, 100)
    else if (step.type === 'heal') this.network.heal()
    else {
      const n = TASK_MANAGERS[step.tm]!
      if (step.type === 'partition') {
        this.network.partition([`tm${n}:1`], ['jm:1', ...JOBS.map((id) => `${id}:1`)])
      } else {
        this.network.crash(`tm${n}:1`, { silent: step.silent })
        this.startTaskManager(n)
      }
    }
  }

  /** Nothing is lost any more, and all that is under way arrives. */
  async rest(): Promise<void> {
    this.network.heal()
    this.network.policy = uniformPolicy({ minDelayMs: 1, maxDelayMs: 5 })
    // In small steps: what is sent is answered only in the next.
    await advance(this.clock, 90_000, 50)
    await advance(this.clock, 110_000, 500)
    await advance(this.clock, 5_000, 50)
  }

  /** What the TaskManagers themselves say. */
  async reports(): Promise<SlotReport[]> {
    const all = [...this.taskExecutors.values()].map((each) =>
      each.heartbeatFromResourceManager({ resourceManagerId: 'jm' }),
    )
    return (await Promise.all(all)).map(({ report }) => report)
  }

  #service(address: string): RpcService {
    return this.network.createService({ address, clock: this.clock })
  }
}

function fatal(error: unknown): never {
  throw error
}

/** What is not as it must be at rest. */
function violations(jobs: readonly SlotUsingJob[], reports: readonly SlotReport[]): string[] {
  const found: string[] = []
  const taken = reports.map(({ slots }) => slots.filter((slot) => slot.jobId !== undefined))
  const total = multiplyProfile(SLOT_PROFILE, SLOTS)
  const free = taken.map((slots) =>
    slots.reduce((rest, { profile }) => subtractProfiles(rest, profile), total),
  )
  if (free.some((rest) => !profileFits(multiplyProfile(SLOT_PROFILE, 0), rest))) {
    found.push('a TaskManager gave more than it has')
  }
  const owners = new Map(taken.flat().map((slot) => [slot.allocationId, slot]))
  if (owners.size !== taken.flat().length) found.push('an allocation has two slots')
  for (const { jobId, wishes, pool } of jobs) {
    for (const { slot, profile } of wishes) {
      const wanted = profile === undefined ? 'any slot' : formatProfile(profile)
      if (slot !== undefined) {
        const owner = owners.get(slot.allocationId)
        owners.delete(slot.allocationId)
        if (owner?.jobId !== jobId) found.push(`${jobId} uses a slot that it does not have`)
        else if (profileKey(owner.profile) !== profileKey(profile ?? SLOT_PROFILE)) {
          found.push(`${jobId} wanted ${wanted} and got ${formatProfile(owner.profile)}`)
        }
        continue
      }
      if (pool.shortage === undefined) found.push(`${jobId} was not told why it has not ${wanted}`)
      const hasRoom = free.some((rest) => profileFits(profile ?? SLOT_PROFILE, rest))
      if (hasRoom) found.push(`${jobId} has not ${wanted}, though there is room`)
    }
  }
  for (const { jobId } of owners.values()) found.push(`a slot of ${jobId} is used by nobody`)
  return found
}

t.test(
  'the slot protocol: whatever is lost, repeated or late, at rest wishes are met or known unmet, and no slot is leaked',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        faults,
        fc.array(step, { maxLength: 25, size: 'max' }),
        async (faults, steps) => {
          const cluster = new Cluster(faults.seed)
          await cluster.start(faults)
          for (const step of steps) await cluster.take(step)
          await cluster.rest()
          const found = violations(cluster.jobs, await cluster.reports())
          if (found.length > 0) throw new Error(found.join('; '))
        },
      ),
      { numRuns: Number(process.env['SLOT_PROTOCOL_RUNS'] ?? 25) },
    )
    t.pass()
  },
)
