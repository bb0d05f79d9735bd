import { type Logger, noopLogger, type ResourceId, SeededRandom } from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import t from 'tap'
import type {
  LeaderContender,
  LeaderElection,
} from '../../dist/highavailability/high-availability-services.js'
import { StandaloneHaServices } from '../../dist/highavailability/standalone-ha-services.js'
import {
  JOB_MASTER_GATEWAY,
  RESOURCE_MANAGER_GATEWAY,
  TASK_EXECUTOR_GATEWAY,
} from '../../dist/messages/gateways.js'
import type {
  JobMasterGateway,
  ResourceManagerGateway,
  TaskExecutorGateway,
} from '../../dist/messages/messages.generated.js'
import { ResourceManager } from '../../dist/resourcemanager/resource-manager.js'
import type {
  ResourceEventHandler,
  ResourceManagerDriver,
  WorkerHandle,
  WorkerResourceSpec,
} from '../../dist/resourcemanager/resource-manager-driver.js'
import { DEFAULT_RESOURCE_MANAGER_SETTINGS } from '../../dist/resourcemanager/resource-manager-settings.js'
import { multiplyProfile } from '../../dist/resourcemanager/slotmanager/resource-profiles.js'
import {
  advance,
  location,
  SLOT_PROFILE,
  settle,
  TestWorld,
  taskManagerFacts,
} from '../testing/control-plane.js'

const BLOB_SERVER = { address: 'jm:1', endpointId: 'blobserver' }

class TestingDriver implements ResourceManagerDriver {
  readonly name = 'testing'
  readonly canStartWorkers: boolean
  readonly calls: string[] = []
  readonly #recovered: readonly string[] | undefined
  handler: ResourceEventHandler | undefined

  /** @param recovered workers of an earlier attempt; undefined: it can start none */
  constructor(recovered?: readonly string[]) {
    this.canStartWorkers = recovered !== undefined
    this.#recovered = recovered
  }

  async initialize(handler: ResourceEventHandler) {
    this.handler = handler
    this.calls.push('initialize')
    const workers = (this.#recovered ?? []).map((id) => ({ resourceId: id as ResourceId }))
    if (this.canStartWorkers) handler.onPreviousAttemptWorkersRecovered(workers)
  }
  async requestResource(): Promise<never> {
    throw new Error('cannot')
  }
  workerDisconnected({ resourceId }: WorkerHandle) {
    this.calls.push(`why ${resourceId}?`)
  }
  releaseResource({ resourceId }: WorkerHandle) {
    this.calls.push(`release ${resourceId}`)
  }
  async deregisterApplication(status: string, diagnostics: string) {
    this.calls.push(`deregister ${status} ${diagnostics}`)
  }
  async terminate() {
    this.calls.push('terminate')
  }
}

async function setUp(
  options: {
    log?: Logger
    leaderElection?: LeaderElection
    /** Of an earlier attempt, in a cluster that starts its workers. */
    recovered?: readonly string[]
  } = {},
) {
  const world = new TestWorld()
  const ha = new StandaloneHaServices({ processStartMs: 100, random: new SeededRandom(1) })
  const { recovered } = options
  const driver = new TestingDriver(recovered)
  const settings = DEFAULT_RESOURCE_MANAGER_SETTINGS
  const workerSpec: WorkerResourceSpec = {
    cpuCores: 1,
    totalProcessBytes: 1,
    numberOfSlots: 1,
    slotProfile: SLOT_PROFILE,
    totalProfile: SLOT_PROFILE,
    dynamicProperties: {},
  }
  const fatal: unknown[] = []
  const resourceManager = new ResourceManager({
    rpcService: world.service('jm:1'),
    endpointId: 'rm',
    log: options.log ?? world.log,
    clock: world.clock,
    random: new SeededRandom(2),
    resourceId: 'jm-process' as ResourceId,
    settings:
      recovered === undefined
        ? settings
        : { ...settings, slotManager: { ...settings.slotManager, workerSpec } },
    driver,
    driverStore: (term) => ha.stores(term).namespace('none-workers'),
    leaderElection: options.leaderElection ?? ha.leaderElection({ kind: 'resourcemanager' }),
    blobServer: BLOB_SERVER,
    onFatalError: (error) => void fatal.push(error),
  })
  await resourceManager.start()
  await settle()
  const token = ha.leaders.leaderOf({ kind: 'resourcemanager' })?.token ?? { epoch: 1, uuid: 'a' }
  const gateway = world
    .service('observer:1')
    .connect<ResourceManagerGateway>('jm:1', 'rm', RESOURCE_MANAGER_GATEWAY, {
      fencingToken: token,
    })
  return { world, driver, fatal, resourceManager, token, gateway }
}

type SetUp = Awaited<ReturnType<typeof setUp>>

let attempts = 0

function registration(resourceId: string, numberOfSlots: number) {
  const { hardware, memory } = taskManagerFacts(numberOfSlots)
  return {
    taskExecutor: { address: `${resourceId}:1`, endpointId: 'te' },
    location: location(resourceId),
    hardware,
    memory,
    numberOfSlots,
    defaultSlotProfile: SLOT_PROFILE,
    totalProfile: multiplyProfile(SLOT_PROFILE, numberOfSlots),
    registrationId: { processId: resourceId, attempt: ++attempts },
  }
}

function freeSlots(resourceId: string, numberOfSlots: number) {
  const slots = Array.from({ length: numberOfSlots }, (_, slotNumber) => ({
    slotId: { resourceId, slotNumber },
    profile: SLOT_PROFILE,
    assignedTasks: 0,
  }))
  return { slots }
}

async function taskManager(
  { world, gateway }: SetUp,
  resourceId: string,
  slots: number,
  handlers: Partial<TaskExecutorGateway> = {},
) {
  const service = world.service(`${resourceId}:1`)
  const requested: string[] = []
  const disconnected: string[] = []
  world.serve<TaskExecutorGateway>(service, 'te', TASK_EXECUTOR_GATEWAY, {
    requestSlot: async ({ slotId, jobId }) => {
      requested.push(`${jobId}@${slotId.slotNumber}`)
      return {}
    },
    heartbeatFromResourceManager: async () => ({
      report: freeSlots(resourceId, slots),
      metrics: { heap: 7 },
    }),
    disconnectResourceManager: async ({ cause }) => {
      disconnected.push(cause.message)
      return {}
    },
    ...handlers,
  })
  const { success } = await gateway.registerTaskExecutor(registration(resourceId, slots))
  const { instanceId } = success!
  const report = freeSlots(resourceId, slots)
  await gateway.sendSlotReport({ resourceId, instanceId, report })
  return { service, requested, disconnected, instanceId, success: success! }
}

function jobMaster(
  { world }: SetUp,
  service: RpcService,
  endpointId: string,
  epoch: number,
  refusals = 0,
) {
  const token = { epoch, uuid: `jm${epoch}` }
  const short: number[] = []
  const ends: object[] = []
  let refused = 0
  world.serve<JobMasterGateway>(
    service,
    endpointId,
    JOB_MASTER_GATEWAY,
    {
      heartbeatFromResourceManager: async () => ({}),
      disconnectResourceManager: async () => ({}),
      notifyNotEnoughResources: async ({ acquired }) => {
        if (refused++ < refusals) throw new Error('not now')
        short.push(acquired.reduce((sum, { numberOfRequiredSlots: n }) => sum + n, 0))
        return {}
      },
      notifyTaskManagerEnded: async (end) => {
        ends.push(end)
        return {}
      },
    },
    token,
  )
  const request = {
    jobId: 'job',
    jobMaster: { address: service.address, endpointId },
    jobMasterToken: token,
    jobMasterResourceId: 'jm-process',
  }
  return { token, short, ends, request }
}

t.test('ResourceManager refuses who knows another term of leadership', async (t) => {
  const { world, resourceManager } = await setUp()
  const service = world.service('old:1')
  const stale = service.connect<ResourceManagerGateway>('jm:1', 'rm', RESOURCE_MANAGER_GATEWAY, {
    fencingToken: { epoch: 1, uuid: 'old' },
  })
  await t.rejects(stale.registerTaskExecutor(registration('tm1', 1)), {
    code: 'FLINK_RPC_FENCING_TOKEN',
  })
  await resourceManager.close()
})

t.test(
  'ResourceManager grants slots of registered TaskManagers to what a job declared',
  async (t) => {
    const setup = await setUp()
    const { world, gateway, resourceManager } = setup
    const tm1 = await taskManager(setup, 'tm1', 2)
    const tm2 = await taskManager(setup, 'tm2', 2)
    t.same(tm1.success.blobServer, BLOB_SERVER)
    const { request, token } = jobMaster(setup, world.service('job:1'), 'jm_job', 5)
    await gateway.registerJobMaster(request)
    const declared = { jobId: 'job', jobMasterToken: token, version: 1 }
    await gateway.declareRequiredResources({
      ...declared,
      requirements: [{ numberOfRequiredSlots: 4 }],
    })
    await advance(world.clock, 50)
    t.same(
      [tm1.requested, tm2.requested],
      [
        ['job@0', 'job@1'],
        ['job@0', 'job@1'],
      ],
    )
    t.same(await gateway.requestResourceOverview({}), {
      taskManagers: 2,
      slotsTotal: 4,
      slotsAvailable: 0,
    })
    const { taskManagers } = await gateway.requestTaskManagers({ resourceId: 'tm2' })
    t.match(taskManagers, [
      { resourceId: 'tm2', numberOfSlots: 2, numberOfFreeSlots: 0, allocatedSlots: [{}, {}] },
    ])
    await resourceManager.close()
    t.equal(world.clock.pendingTimers, 0)
  },
)

t.test('ResourceManager ignores an older declaration that arrives later', async (t) => {
  const setup = await setUp()
  const { world, gateway, resourceManager } = setup
  const tm1 = await taskManager(setup, 'tm1', 4)
  const { request, token } = jobMaster(setup, world.service('job:1'), 'jm_job', 5)
  await gateway.registerJobMaster(request)
  const declare = (version: number, count: number) =>
    gateway.declareRequiredResources({
      jobId: 'job',
      jobMasterToken: token,
      version,
      requirements: [{ numberOfRequiredSlots: count }],
    })
  await declare(2, 1)
  await declare(1, 4)
  await advance(world.clock, 50)
  t.equal(tm1.requested.length, 1)
  await resourceManager.close()
})

t.test('ResourceManager lets the later JobMaster of a job win, in any order', async (t) => {
  const setup = await setUp()
  const { world, gateway, resourceManager } = setup
  const service = world.service('job:1')
  const old = jobMaster(setup, service, 'jm_1', 5)
  const next = jobMaster(setup, service, 'jm_2', 6)
  t.ok((await gateway.registerJobMaster(next.request)).success)
  t.ok((await gateway.registerJobMaster(next.request)).success, 'repeated')
  t.match(await gateway.registerJobMaster(old.request), { rejection: /6\/jm6/ })
  const requirements = [{ numberOfRequiredSlots: 1 }]
  const declared = { jobId: 'job', jobMasterToken: old.token, version: 9, requirements }
  await t.rejects(gateway.declareRequiredResources(declared), { code: 'FLINK_UNKNOWN_JOB_MASTER' })
  await resourceManager.close()
})

t.test('resourcemanager.job.timeout: a job without JobMaster is forgotten after it', async (t) => {
  const warnings: string[] = []
  const log = { ...noopLogger, warn: (message: string) => void warnings.push(message) }
  const setup = await setUp({ log: { ...log, child: () => log } })
  const { world, gateway } = setup
  const service = world.service('jm2:1')
  const first = jobMaster(setup, service, 'jm_job', 1)
  await gateway.registerJobMaster(first.request)
  const requirements = [{ numberOfRequiredSlots: 2 }]
  const declare = ({ token }: typeof first, version: number) =>
    gateway.declareRequiredResources({ jobId: 'job', jobMasterToken: token, version, requirements })
  await declare(first, 1)
  const leave = (jobStatus: 'SUSPENDED' | 'FINISHED', { token }: typeof first) =>
    gateway.disconnectJobMaster({ jobId: 'job', jobMasterToken: token, jobStatus })
  await leave('SUSPENDED', first)
  await advance(world.clock, 299_999, 10_000)
  const second = jobMaster(setup, service, 'jm_job_2', 2)
  await gateway.registerJobMaster(second.request)
  await advance(world.clock, 300_000, 10_000)
  const tm = await taskManager(setup, 'tm1', 2)
  await settle()
  t.same(tm.requested, [], 'its successor has declared nothing yet')
  await declare(second, 1)
  await advance(world.clock, 1)
  t.same(tm.requested, ['job@0', 'job@1'])
  await leave('SUSPENDED', second)
  await advance(world.clock, 299_999, 10_000)
  t.same(warnings, [])
  await advance(world.clock, 1)
  t.same(warnings, ['A job had no JobMaster for too long'])
  const third = jobMaster(setup, service, 'jm_job_3', 3)
  await gateway.registerJobMaster(third.request)
  await leave('FINISHED', third)
  await advance(world.clock, 300_000, 10_000)
  t.equal(warnings.length, 1, 'one that has ended is forgotten at once')
})

t.test('ResourceManager without leadership has no TaskManagers, jobs nor driver', async (t) => {
  let contender: LeaderContender | undefined
  const confirmed: number[] = []
  const setup = await setUp({
    leaderElection: {
      start: (started) => {
        contender = started
      },
      confirmLeadership: ({ token }) => void confirmed.push(token.epoch),
      close: async () => {},
    },
  })
  const { world, gateway, driver, resourceManager, fatal } = setup
  await t.rejects(gateway.requestResourceOverview({}), { code: 'FLINK_RPC_NOT_LEADER' })
  t.same(driver.calls, [])
  contender!.grantLeadership({ epoch: 1, uuid: 'a' })
  await settle()
  t.same([driver.calls, confirmed], [['initialize'], [1]])
  const tm = await taskManager(setup, 'tm1', 2)
  await gateway.registerJobMaster(jobMaster(setup, world.service('jm2:1'), 'jm_job', 1).request)
  t.match(await gateway.requestResourceOverview({}), { taskManagers: 1, slotsTotal: 2 })
  contender!.revokeLeadership()
  await settle()
  t.same(driver.calls, ['initialize', 'terminate'], 'and not told that the application ends')
  await t.rejects(gateway.requestResourceOverview({}), { code: 'FLINK_RPC_NOT_LEADER' })
  contender!.grantLeadership({ epoch: 2, uuid: 'b' })
  await settle()
  t.same([driver.calls.at(-1), confirmed], ['initialize', [1, 2]])
  await t.rejects(gateway.requestResourceOverview({}), { code: 'FLINK_RPC_FENCING_TOKEN' })
  const later = world
    .service('observer:2')
    .connect<ResourceManagerGateway>('jm:1', 'rm', RESOURCE_MANAGER_GATEWAY, {
      fencingToken: { epoch: 2, uuid: 'b' },
    })
  t.match(await later.requestResourceOverview({}), { taskManagers: 0, slotsTotal: 0 })
  const { instanceId } = tm
  const report = freeSlots('tm1', 2)
  await t.rejects(later.sendSlotReport({ resourceId: 'tm1', instanceId, report }))
  await resourceManager.close()
  t.equal(world.clock.pendingTimers, 0)
  t.same(fatal, [])
})

t.test(
  'ResourceManager grants no slots on blocked machines until their time is over',
  async (t) => {
    const setup = await setUp()
    const { world, gateway } = setup
    const tms = [await taskManager(setup, 'tm1', 1), await taskManager(setup, 'tm2', 1)]
    const endTimestampMs = world.clock.now() + 60_000
    const nodes = [{ nodeId: 'tm1', cause: 'a broken disk', endTimestampMs }]
    await gateway.notifyNewBlockedNodes({ nodes })
    const job = jobMaster(setup, world.service('jm2:1'), 'jm_job', 1)
    await gateway.registerJobMaster(job.request)
    await gateway.declareRequiredResources({
      jobId: 'job',
      jobMasterToken: job.token,
      version: 1,
      requirements: [{ numberOfRequiredSlots: 2 }],
    })
    await gateway.notifyNewBlockedNodes({ nodes: [{ ...nodes[0]!, endTimestampMs: 1 }] })
    const asked = () => tms.map(({ requested }) => requested.length > 0)
    await advance(world.clock, 59_999, 10_000)
    t.same(asked(), [false, true])
    await advance(world.clock, 10, 1)
    t.same(asked(), [true, true])
  },
)

t.test('ResourceManager tells of missing slots only after the start-up time', async (t) => {
  const setup = await setUp()
  const { world, gateway, resourceManager } = setup
  await taskManager(setup, 'tm1', 1)
  const { request, token, short } = jobMaster(setup, world.service('job:1'), 'jm_job', 5)
  await gateway.registerJobMaster(request)
  const requirements = [{ numberOfRequiredSlots: 3 }]
  const declared = { jobId: 'job', jobMasterToken: token, version: 1, requirements }
  await gateway.declareRequiredResources(declared)
  await advance(world.clock, 299_000, 1000)
  t.same(short, [])
  await advance(world.clock, 2_000, 500)
  t.ok(short.length > 0)
  await resourceManager.close()
})

t.test('ResourceManager tells a JobMaster of missing slots until it knows', async (t) => {
  const setup = await setUp()
  const { world, gateway } = setup
  const service = world.service('job:1')
  const { request, token, short } = jobMaster(setup, service, 'jm_job', 5, 3)
  await gateway.registerJobMaster(request)
  const requirements = [{ numberOfRequiredSlots: 3 }]
  const declared = { jobId: 'job', jobMasterToken: token, version: 1, requirements }
  await advance(world.clock, 301_000, 1000)
  await gateway.declareRequiredResources(declared)
  await advance(world.clock, 2_500, 500)
  t.same(short, [])
  await advance(world.clock, 10_000, 500)
  t.same(short, [0], 'once')
  await setup.resourceManager.close()
})

t.test('ResourceManager replaces a TaskManager that registers again', async (t) => {
  const setup = await setUp()
  const { gateway, resourceManager } = setup
  const { instanceId } = await taskManager(setup, 'tm1', 2)
  const { success } = await gateway.registerTaskExecutor(registration('tm1', 2))
  t.not(success!.instanceId, instanceId)
  t.match(await gateway.requestResourceOverview({}), { taskManagers: 1, slotsTotal: 0 })
  const report = freeSlots('tm1', 2)
  await t.rejects(gateway.sendSlotReport({ resourceId: 'tm1', instanceId, report }), {
    code: 'FLINK_UNKNOWN_TASK_EXECUTOR',
  })
  await gateway.sendSlotReport({ resourceId: 'tm1', instanceId: success!.instanceId, report })
  t.match(await gateway.requestResourceOverview({}), { taskManagers: 1, slotsTotal: 2 })
  await resourceManager.close()
})

t.test(
  'ResourceManager unregisters a TaskManager at once when its connection is lost',
  async (t) => {
    const setup = await setUp()
    const { gateway, resourceManager } = setup
    const { service } = await taskManager(setup, 'tm1', 2)
    await taskManager(setup, 'tm2', 1)
    await service.close()
    await settle()
    t.match(await gateway.requestResourceOverview({}), { taskManagers: 1, slotsTotal: 1 })
    await resourceManager.close()
  },
)

t.test(
  'ResourceManager gives up a silent TaskManager after the heartbeat timeout and tells it',
  async (t) => {
    const setup = await setUp()
    const { world, gateway, resourceManager } = setup
    const silent = await taskManager(setup, 'tm1', 1, {
      heartbeatFromResourceManager: () => new Promise(() => {}),
    })
    await taskManager(setup, 'tm2', 1)
    await advance(world.clock, 60_000, 5_000)
    const { taskManagers } = await gateway.requestTaskManagers({})
    t.same(
      taskManagers.map(({ resourceId, metrics }) => [resourceId, metrics]),
      [['tm2', { heap: 7 }]],
    )
    t.match(silent.disconnected, [/heartbeat of TaskManager tm1 timed out/])
    await resourceManager.close()
  },
)

t.test('ResourceManager keeps workers of an earlier attempt that register', async (t) => {
  const setup = await setUp({ recovered: ['tm1', 'tm2'] })
  const { world, gateway, driver, resourceManager } = setup
  for (const id of ['tm1', 'tm2']) {
    const service = world.service(`${id}:1`)
    world.serve<TaskExecutorGateway>(service, 'te', TASK_EXECUTOR_GATEWAY, {
      heartbeatFromResourceManager: async () => ({ report: freeSlots(id, 1), metrics: {} }),
      disconnectResourceManager: async () => ({}),
    })
  }
  const first = await gateway.registerTaskExecutor(registration('tm1', 1))
  const second = await gateway.registerTaskExecutor(registration('tm2', 1))
  // What the one has makes everybody look at how many are needed, before the other has told of its slots.
  await gateway.sendSlotReport({
    resourceId: 'tm1',
    instanceId: first.success!.instanceId,
    report: freeSlots('tm1', 1),
  })
  await advance(world.clock, 1_000)
  await gateway.sendSlotReport({
    resourceId: 'tm2',
    instanceId: second.success!.instanceId,
    report: freeSlots('tm2', 1),
  })
  await advance(world.clock, 1_000)
  t.same(driver.calls, ['initialize'], 'none is released')
  t.match(await gateway.requestResourceOverview({}), { taskManagers: 2, slotsTotal: 2 })
  await resourceManager.close()
})

t.test('ResourceManager serves a job elsewhere when a TaskManager is lost', async (t) => {
  const setup = await setUp()
  const { world, gateway, resourceManager } = setup
  const tm1 = await taskManager(setup, 'tm1', 1)
  const { request, token } = jobMaster(setup, world.service('job:1'), 'jm_job', 5)
  await gateway.registerJobMaster(request)
  const requirements = [{ numberOfRequiredSlots: 1 }]
  const declared = { jobId: 'job', jobMasterToken: token, version: 1, requirements }
  await gateway.declareRequiredResources(declared)
  await advance(world.clock, 50)
  t.same(tm1.requested, ['job@0'])
  await gateway.disconnectTaskExecutor({
    resourceId: 'tm1',
    cause: { name: 'Error', message: 'shut down' },
  })
  const tm2 = await taskManager(setup, 'tm2', 1)
  await advance(world.clock, 50)
  t.same(tm2.requested, ['job@0'])
  await resourceManager.close()
})

t.test(
  'ResourceManager hands the end to its driver, and driver errors to the process',
  async (t) => {
    const { world, driver, fatal, gateway, resourceManager } = await setUp()
    await gateway.deregisterApplication({ status: 'SUCCEEDED', diagnostics: 'done' })
    driver.handler!.onError(new Error('no master'))
    t.match(fatal, [{ message: 'no master' }])
    await resourceManager.close()
    t.same(driver.calls, ['initialize', 'deregister SUCCEEDED done', 'terminate'])
    t.equal(world.clock.pendingTimers, 0)
  },
)

t.test(
  'ResourceManager drops a TaskManager when another one registers at its address',
  async (t) => {
    const setup = await setUp()
    const { gateway, resourceManager } = setup
    await taskManager(setup, 'tm1', 2)
    await gateway.registerTaskExecutor({ ...registration('tm1', 2), location: location('next') })
    const { taskManagers } = await gateway.requestTaskManagers({})
    t.same(
      taskManagers.map(({ resourceId }) => resourceId),
      ['next'],
    )
    await resourceManager.close()
  },
)

t.test(
  'ResourceManager refuses late registrations of earlier attempts and processes',
  async (t) => {
    const setup = await setUp()
    const { world, gateway, resourceManager } = setup
    const service = world.service('tm1:1')
    const attempt = (processId: string, attempt: number) =>
      gateway.registerTaskExecutor({
        ...registration('tm1', 1),
        registrationId: { processId, attempt },
      })
    t.ok((await attempt('old', 2)).success)
    t.match(await attempt('old', 1), { rejection: /attempt 2 .* is later than this one, 1/ })
    t.ok((await attempt('new', 1)).success)
    t.match(await attempt('old', 3), { rejection: /another process has taken the place/ })
    await resourceManager.close()
    await service.close()
  },
)

t.test(
  'ResourceManager has its driver find out why a TaskManager is gone, and tells jobs',
  async (t) => {
    const setup = await setUp({ recovered: ['tm1'] })
    const { world, gateway, resourceManager, driver } = setup
    const job = jobMaster(setup, world.service('job:1'), 'jm_job', 5)
    t.match(await gateway.registerJobMaster(job.request), { success: { explainsEnds: true } })
    await taskManager(setup, 'tm1', 1)
    const cause = { name: 'E', message: 'is shutting down' }
    await gateway.disconnectTaskExecutor({ resourceId: 'tm1', cause })
    t.ok(driver.calls.includes('why tm1?'))
    driver.handler?.onWorkerTerminated('tm1' as ResourceId, 'exit code -104')
    await settle()
    t.same(job.ends, [{ resourceId: 'tm1', diagnostics: 'exit code -104' }])
    await resourceManager.close()
  },
)

t.test('ResourceManager that starts no workers promises no explanations', async (t) => {
  const setup = await setUp()
  const job = jobMaster(setup, setup.world.service('job:1'), 'jm_job', 5)
  const { success } = await setup.gateway.registerJobMaster(job.request)
  t.notOk(success?.explainsEnds)
  await setup.resourceManager.close()
})
