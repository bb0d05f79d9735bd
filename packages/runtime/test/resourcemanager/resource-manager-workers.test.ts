import { type Logger, noopLogger, type ResourceId } from '@flink-ts/core'
import t from 'tap'
import { TASK_EXECUTOR_GATEWAY } from '../../dist/messages/gateways.js'
import type { SlotReport, TaskExecutorGateway } from '../../dist/messages/messages.generated.js'
import { advance, location, settle } from '../testing/control-plane.js'
import {
  freeSlots,
  jobMaster,
  registration,
  setUp,
  taskManager,
} from './resource-manager-under-test.js'

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

t.test('ResourceManager knows a worker whose slots a heartbeat told of first', async (t) => {
  const setup = await setUp({ recovered: ['tm1'] })
  const { world, gateway, driver, resourceManager } = setup
  const job = jobMaster(setup, world.service('job:1'), 'jm_job', 5)
  await gateway.registerJobMaster(job.request)
  await gateway.declareRequiredResources({
    jobId: 'job',
    jobMasterToken: job.token,
    version: 1,
    requirements: [{ numberOfRequiredSlots: 1 }],
  })
  const slots: SlotReport['slots'][number][] = [...freeSlots('tm1', 1).slots]
  const service = world.service('tm1:1')
  world.serve<TaskExecutorGateway>(service, 'te', TASK_EXECUTOR_GATEWAY, {
    requestSlot: async ({ jobId, allocationId }) => {
      slots[0] = { ...slots[0]!, jobId, allocationId, assignedTasks: 1 }
      return {}
    },
    heartbeatFromResourceManager: async () => ({ report: { slots }, metrics: {} }),
    disconnectResourceManager: async () => ({}),
  })
  const { success } = await gateway.registerTaskExecutor(registration('tm1', 1))
  // The report of its slots is lost, and comes again after the first heartbeat.
  await advance(world.clock, 15_000, 1_000)
  const { instanceId } = success!
  await gateway.sendSlotReport({ resourceId: 'tm1', instanceId, report: { slots } })
  await advance(world.clock, 600_000, 5_000)
  t.same(driver.calls, ['initialize'], 'it is not given up as one that did not register')
  t.match(await gateway.requestResourceOverview({}), { slotsTotal: 1, slotsAvailable: 0 })
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
  'ResourceManager tells JobMasters what hinders their workers, and requests none when the application ends',
  async (t) => {
    const warnings: string[] = []
    const log: Logger = {
      ...noopLogger,
      warn: (message) => void warnings.push(message),
      child: () => log,
    }
    const setup = await setUp({ recovered: [], log })
    const { world, driver, gateway, resourceManager } = setup
    driver.request = (_spec, { signal }) =>
      new Promise((_grant, refuse) => {
        signal.addEventListener('abort', () => refuse(new Error('taken back')))
      })
    const { token, reasons, request } = jobMaster(setup, world.service('job:1'), 'jm', 1)
    await gateway.registerJobMaster(request)
    const declared = { jobId: 'job', jobMasterToken: token, version: 1 }
    const requirements = [{ numberOfRequiredSlots: 1 }]
    await gateway.declareRequiredResources({ ...declared, requirements })
    await advance(world.clock, 1_000)
    t.same([driver.requested, reasons], [1, []])
    driver.handler!.onRequestsHindered!('short of mem')
    await advance(world.clock, 1_000)
    t.same(reasons, ['no TaskManager can be had now: short of mem'])
    await gateway.deregisterApplication({ status: 'CANCELED', diagnostics: '' })
    await advance(world.clock, 20_000)
    t.same([driver.requested, warnings], [1, []])
    await resourceManager.close()
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
