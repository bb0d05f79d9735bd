import { noopLogger } from '@flink-ts/core'
import t from 'tap'
import type { LeaderContender } from '../../dist/highavailability/high-availability-services.js'
import { RESOURCE_MANAGER_GATEWAY } from '../../dist/messages/gateways.js'
import type { ResourceManagerGateway } from '../../dist/messages/messages.generated.js'
import { advance, settle } from '../testing/control-plane.js'
import {
  BLOB_SERVER,
  freeSlots,
  jobMaster,
  registration,
  setUp,
  taskManager,
} from './resource-manager-under-test.js'

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
