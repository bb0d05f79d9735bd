import { Configuration, deriveTaskManagerMemory, noopLogger, type ResourceId } from '@flink-ts/core'
import { networkShuffleMaster, ShuffleEnvironment } from '@flink-ts/network'
import {
  InMemoryBlobStore,
  InMemoryCoordination,
  InMemoryHighAvailability,
  startJobManagerServices,
  startTaskManagerServices,
  taskManagerFacts,
} from '@flink-ts/runtime'
import t from 'tap'
import { TestingTaskLauncher } from '../taskexecutor/testing-task-launcher.js'
import { edge, jobGraph, vertex } from '../testing/job-graphs.js'
import { configuration, world } from './job-manager-world.js'

t.test(
  'startJobManagerServices leads at once; a TaskManager of another process finds it and registers',
  async (t) => {
    const { clock, network, told, options } = world()
    const jobManager = await startJobManagerServices(options)
    const dispatcher = await jobManager.dispatcher.whenLed()
    t.equal(jobManager.dispatcher.gateway, dispatcher)

    const rpcService = network.createService({ address: 'tm:1', clock })
    const shuffleEnvironment = await ShuffleEnvironment.start({
      resourceId: 'tm',
      host: 'tm',
      numberOfSegments: 4,
      clock,
      log: noopLogger,
      defer: (action) => void setImmediate(action),
    })
    const taskManager = await startTaskManagerServices({
      configuration,
      clock,
      log: noopLogger,
      rpcService,
      resourceId: 'tm' as ResourceId,
      leaderRetriever: (component) => jobManager.highAvailability.leaderRetriever(component),
      host: 'tm',
      shuffleEnvironment,
      taskLauncher: { launch: () => t.fail('no tasks') as never, close: async () => {} },
      memory: deriveTaskManagerMemory(configuration),
      hardware: { cpuCores: 2, physicalMemoryBytes: 1, freeMemoryBytes: 1 },
      blobStore: new InMemoryBlobStore(),
      fatalErrorHandler: (error) => t.fail(String(error)),
    })
    while ((await dispatcher.requestClusterOverview({})).slotsTotal < 3) {
      await new Promise(setImmediate)
    }
    await dispatcher.shutDownCluster({ status: 'SUCCEEDED' })
    t.strictSame(told, ['initialize', 'shut down SUCCEEDED'])

    await taskManager.close()
    await taskManager.close()
    await jobManager.close('SUCCEEDED')
    await jobManager.close('FAILED')
    t.strictSame(told.slice(2), ['deregister SUCCEEDED', 'terminate', 'blobs closed'])
    t.equal(jobManager.dispatcher.gateway, undefined)
    await Promise.all([rpcService.close(), options.rpcService.close()])
    t.equal(clock.pendingTimers, 0)
  },
)

t.test(
  'startTaskManagerServices: a TaskManager follows the leaders of its jobs to another JobManager at once',
  async (t) => {
    const { clock, network, options } = world()
    const { random } = options
    const coordination = new InMemoryCoordination({ clock, random, log: noopLogger })
    const join = (client: string) =>
      new InMemoryHighAvailability({ client, coordination, log: noopLogger })
    const service = (address: string) => network.createService({ address, clock })
    const startJobManager = (name: string) =>
      startJobManagerServices({
        ...options,
        rpcService: service(`${name}:1`),
        highAvailability: join(name),
        blobStore: new InMemoryBlobStore(),
      })
    const jobManagers = [await startJobManager('a'), await startJobManager('b')]
    const shuffleEnvironment = await ShuffleEnvironment.start({
      resourceId: 'tm',
      host: 'tm',
      numberOfSegments: 4,
      clock,
      log: noopLogger,
      defer: (action) => void setImmediate(action),
    })
    const launcher = new TestingTaskLauncher()
    const highAvailability = join('tm')
    const taskManager = await startTaskManagerServices({
      configuration,
      clock,
      log: noopLogger,
      rpcService: service('tm:1'),
      resourceId: 'tm' as ResourceId,
      leaderRetriever: (component) => highAvailability.leaderRetriever(component),
      host: 'tm',
      shuffleEnvironment,
      taskLauncher: launcher,
      memory: deriveTaskManagerMemory(configuration),
      hardware: { cpuCores: 2, physicalMemoryBytes: 1, freeMemoryBytes: 1 },
      blobStore: new InMemoryBlobStore(),
      fatalErrorHandler: (error) => t.fail(String(error)),
    })
    t.teardown(async () => {
      await taskManager.close()
      for (const jobManager of jobManagers) await jobManager.close()
      await highAvailability.close()
      coordination.close()
    })
    const launched = async (count: number) => {
      for (let i = 0; i < 200 && launcher.tasks.length < count; i++) {
        await new Promise(setImmediate)
        // The ResourceManager gathers what jobs need for a moment.
        clock.advance(5)
      }
      t.equal(launcher.tasks.length, count)
      return launcher.tasks.at(-1)!
    }

    const dispatcher = await jobManagers[0]!.dispatcher.whenLed()
    await dispatcher.submitJob({ jobGraph: Buffer.from(JSON.stringify(jobGraph([vertex(1, 1)]))) })
    const first = await launched(1)
    const beganMs = clock.now()
    // The former leader does not know it, and says no goodbye.
    coordination.expireSession('a', { unnoticed: true })
    const second = await launched(2)
    t.match(first.failure, { code: 'FLINK_JOB_MASTER_LOST' })
    t.ok(clock.now() - beganMs < 1000, 'long before a heartbeat is missed')
    t.not(second.deployment.executionAttemptId, first.deployment.executionAttemptId)
  },
)

t.test(
  'startJobManagerServices without a status: workers that are starting are left to the next leader',
  async (t) => {
    const { clock, options, driver, told } = world()
    const pass = async () => {
      clock.advance(50)
      await new Promise(setImmediate)
    }
    let granted = 0
    const jobManager = await startJobManagerServices({
      ...options,
      // There is time between the end of the jobs here and that of the ResourceManager.
      shuffleMaster: {
        ...networkShuffleMaster,
        close: async () => {
          for (let i = 0; i < 20; i++) await pass()
        },
      },
      resourceManagerDriver: {
        ...driver,
        canStartWorkers: true,
        initialize: async (handler) => handler.onPreviousAttemptWorkersRecovered([]),
        requestResource: async () => ({ resourceId: `w${++granted}` as ResourceId }),
        releaseResource: ({ resourceId }) => void told.push(`release ${resourceId}`),
      },
    })
    const dispatcher = await jobManager.dispatcher.whenLed()
    const job = Buffer.from(JSON.stringify(jobGraph([vertex(1, 1)])))
    await dispatcher.submitJob({ jobGraph: job })
    while (granted === 0) await pass()
    let isClosed = false
    const closing = jobManager.close().then(() => {
      isClosed = true
    })
    while (!isClosed) await pass()
    await closing
    t.strictSame(told, ['terminate', 'blobs closed'])
  },
)

t.test('startJobManagerServices closes what it had started when one component fails', async (t) => {
  const { clock, told, options } = world()
  const running = await startJobManagerServices(options)
  told.length = 0
  await t.rejects(startJobManagerServices(options), /dispatcher|resourcemanager|blob|leader/)
  t.ok(told.includes('blobs closed'))
  t.notOk(told.some((text) => text.startsWith('deregister')))
  await running.close()
  await options.rpcService.close()
  t.equal(clock.pendingTimers, 0)
})

t.test('startJobManagerServices: blob.max-size bounds what is kept', async (t) => {
  const { options } = world()
  const small = configuration.clone()
  small.setString('blob.max-size', '1 kb')
  const services = await startJobManagerServices({ ...options, configuration: small })
  t.match(await services.blobServer.put(new Uint8Array(1024)), /^[0-9a-f]{64}$/)
  await t.rejects(services.blobServer.put(new Uint8Array(1025)), {
    code: 'FLINK_BLOB_TOO_LARGE',
    message: /1025 bytes, more than the 1024 .*blob\.max-size/,
  })
  await services.close()
  await options.rpcService.close()
})

t.test('startJobManagerServices ends the process whose driver cannot lead', async (t) => {
  const { driver, options } = world()
  const fatal: unknown[] = []
  driver.initialize = () => Promise.reject(new Error('no cluster manager'))
  const services = await startJobManagerServices({
    ...options,
    fatalErrorHandler: (error) => fatal.push(error),
  }).catch(() => undefined)
  for (let i = 0; i < 10; i++) await new Promise(setImmediate)
  t.match(fatal, [{ message: 'no cluster manager' }])
  await services?.close()
  await options.rpcService.close()
})

t.test('taskManagerFacts tells the share of a slot and the whole', async (t) => {
  const memory = deriveTaskManagerMemory(configuration)
  const facts = taskManagerFacts(memory, {
    cpuCores: 8,
    physicalMemoryBytes: 100,
    freeMemoryBytes: 50,
  })
  t.equal(facts.numberOfSlots, 3)
  t.equal(facts.slotProfile.managedBytes, memory.perSlot.managedMemory)
  t.equal(facts.totalProfile.taskHeapBytes, 3 * memory.perSlot.taskHeap)
  t.equal(facts.hardware.managedMemoryBytes, memory.managedMemory)
  t.equal(facts.memory.totalProcessMemory, 1728 * 1024 * 1024)
})

t.test(
  'startJobManagerServices: who starts TaskManagers refuses jobs that have no room in them',
  async (t) => {
    for (const canStartWorkers of [true, false]) {
      const { driver, options } = world()
      const small = Configuration.fromMap({ 'taskmanager.memory.process.size': '1024m' })
      const jobManager = await startJobManagerServices({
        ...options,
        configuration: small,
        resourceManagerDriver: { ...driver, canStartWorkers },
      })
      const dispatcher = await jobManager.dispatcher.whenLed()
      const job = Buffer.from(JSON.stringify(jobGraph([vertex(1, 1), vertex(2, 1)], [edge(1, 2)])))
      const submitted = dispatcher.submitJob({ jobGraph: job })
      if (canStartWorkers) await t.rejects(submitted, { code: 'FLINK_TASK_HEAP_TOO_SMALL' })
      else await t.resolves(submitted, 'somebody may start larger ones')
      await jobManager.close()
      await options.rpcService.close()
    }
  },
)
