import { FlinkError } from '@flink-ts/core'
import type { JobMaster } from '@flink-ts/runtime'
import t from 'tap'
import { expandInputGate } from '../../dist/taskmanager/producer-group.js'
import { settle } from '../testing/cluster.js'
import { edge, jobGraph, vertex } from '../testing/job-graphs.js'
import type { RunningJob } from '../testing/running-job.js'
import { FIXED_DELAY, run, states, twoVertices, userError } from './job-under-test.js'

/** TaskManagers find a JobMaster that has not registered at the ResourceManager yet, as that of a recovered job. */
function announce({ resourceManager }: RunningJob['cluster'], jobMaster: JobMaster): void {
  const { address, endpointId } = jobMaster
  resourceManager.jobMaster = {
    jobId: jobMaster.executionGraphInfo().jobId,
    jobMasterResourceId: 'jm',
    jobMaster: { address, endpointId },
    jobMasterToken: { epoch: 3, uuid: 'jm-token' },
  }
}

t.test('JobMaster declares its slots, deploys when they are there, and finishes', async (t) => {
  const { cluster, ended, info } = await run(t, twoVertices())
  t.strictSame(cluster.resourceManager.declared, [2])
  t.equal(info().status, 'RUNNING')
  t.equal(info().waitingFor, 'waiting for slots: 2 required, 0 available')
  const first = await cluster.startTaskManager('tm1', 1)
  t.equal(info().waitingFor, 'waiting for slots: 2 required, 1 available')
  t.equal(first.deployed.length, 0, 'a region is deployed as a whole')
  const second = await cluster.startTaskManager('tm2', 1)
  t.equal(info().waitingFor, undefined)
  t.strictSame(states(info()), ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
  t.equal(info().vertices[0]!.aggregateState, 'RUNNING')

  const source = JSON.parse(Buffer.from(first.deployed[0]!.producedPartitions).toString())
  t.match(source, [{ numberOfSubpartitions: 2, partitioner: 'HASH' }])
  const reader = second.deployed.find(({ subtaskIndex, inputGates }) => {
    return subtaskIndex === 1 && inputGates.length > 2
  })!
  const gate = expandInputGate(JSON.parse(Buffer.from(reader.inputGates).toString())[0])
  t.match(gate, {
    gateId: `${reader.executionAttemptId}/0`,
    consumedSubpartitions: { first: 1, last: 1 },
    producers: [{ location: { resourceId: 'tm1' } }, { location: { resourceId: 'tm2' } }],
  })
  t.equal(gate.producers[0]!.partitionId, source[0].partitionId)

  const io = {
    numRecordsIn: 7,
    numRecordsOut: 0,
    numBytesIn: 0,
    numBytesOut: 0,
    numBuffersOut: 0,
    accumulatedBusyMs: 0,
    accumulatedIdleMs: 0,
    accumulatedBackPressuredMs: 0,
  }
  for (const taskManager of cluster.taskManagers) {
    for (const { executionAttemptId } of taskManager.deployed) {
      const metrics = { executionAttemptId, io, channels: [], values: {}, accumulators: [] }
      await taskManager.report(executionAttemptId, 'FINISHED', undefined, metrics)
    }
  }
  await settle()
  t.equal(ended.length, 1)
  t.match(ended[0], { status: 'FINISHED' })
  t.equal(ended[0]!.vertices[1]!.subtasks[0]!.current.metrics?.io.numRecordsIn, 7)
  t.equal(cluster.resourceManager.declared.at(-1), 0)
  t.strictSame(cluster.resourceManager.disconnected, ['FINISHED'])
  t.strictSame([first.freed.length, second.freed.length], [1, 1])
  t.strictSame([first.goodbyes, second.goodbyes], [1, 1])
  const versions = cluster.resourceManager.versions
  t.strictSame(
    versions,
    [...versions].sort((a, b) => a - b),
    'later declarations have higher versions',
  )
})

t.test('JobMaster takes a repeated offer again and refuses slots it does not need', async (t) => {
  const { cluster } = await run(t, jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1')
  const accepted = await taskManager.offer(1)
  t.equal(accepted.length, 1)
  t.strictSame(await taskManager.offerAgain(accepted), accepted)
  t.strictSame(await taskManager.offer(1), [], 'a late offer')
  t.equal(taskManager.deployed.length, 1)
  await t.rejects(
    taskManager.jobMaster().offerSlots({ resourceId: 'unknown', offers: [] }),
    /not registered/,
  )
})

t.test('JobMaster answers offers when it knows which slots the job needs', async (t) => {
  const graph = jobGraph([
    vertex(1, 1, {}, { initializeOnMaster: { module: 'm', exportName: 'f', config: 0 } }),
  ])
  let initialize = () => {}
  const { cluster, jobMaster } = await run(t, graph, {
    loadModule: async () => ({
      f: () =>
        new Promise<void>((resolve) => {
          initialize = resolve
        }),
    }),
  })
  announce(cluster, jobMaster)
  const taskManager = await cluster.startTaskManager('tm1')
  const answer = taskManager.offer(1)
  await settle()
  t.equal(jobMaster.jobStatus, 'INITIALIZING')
  initialize()
  t.equal((await answer).length, 1, 'the slot of a job that is recovered is not given back')
  await settle()
  t.equal(taskManager.deployed.length, 1)
})

t.test('JobMaster refuses an offer when the job ends before it was initialized', async (t) => {
  const graph = jobGraph([
    vertex(1, 1, {}, { initializeOnMaster: { module: 'm', exportName: 'f', config: 0 } }),
  ])
  const { cluster, jobMaster } = await run(t, graph, { loadModule: () => new Promise(() => {}) })
  announce(cluster, jobMaster)
  const answer = (await cluster.startTaskManager('tm1')).offer(1)
  await settle()
  await jobMaster.cancelJob()
  await t.rejects(answer, /not registered/)
})

t.test('JobMaster fails with NoResourceAvailable after slot.request.timeout', async (t) => {
  const { cluster, ended, info } = await run(t, twoVertices(), {
    configuration: { 'slot.request.timeout': '30 s', 'heartbeat.timeout': '1 d' },
  })
  await cluster.startTaskManager('tm1', 1)
  await cluster.advance(29_999)
  t.equal(info().status, 'RUNNING')
  await cluster.advance(1)
  t.match(ended, [
    {
      status: 'FAILED',
      failureCause: {
        cause: {
          name: 'NoResourceAvailableException',
          code: 'FLINK_NO_RESOURCE_AVAILABLE',
          message: /2 slots are required, 1 were available.*30 s.*more TaskManagers or larger/,
        },
      },
    },
  ])
})

t.test('JobMaster says why slots are missing, in the words of the ResourceManager', async (t) => {
  const { cluster, ended, info } = await run(t, twoVertices(), {
    configuration: { 'slot.request.timeout': '30 s', 'heartbeat.timeout': '1 d' },
  })
  const taskManager = await cluster.startTaskManager('tm1', 1)
  const reason = '1 slots are missing; 1 slots of at most 1 (slotmanager.number-of-slots.max)'
  await taskManager.jobMaster().notifyNotEnoughResources({ acquired: [], reason })
  t.equal(info().waitingFor, `waiting for slots: 2 required, 1 available (${reason})`)
  await cluster.advance(30_000)
  const message = `the ResourceManager says: ${reason}. Start more`
  t.match(ended, [{ failureCause: { cause: { message } } }])
  t.match(ended[0]!.exceptionHistory[0], { error: { message } }, 'as REST shows it')
})

t.test('JobMaster runs when a TaskManager joins before slot.request.timeout', async (t) => {
  const { cluster, info } = await run(t, jobGraph([vertex(1, 1)]), {
    configuration: { 'slot.request.timeout': '30 s', 'heartbeat.timeout': '1 d' },
  })
  await cluster.advance(29_000)
  await cluster.startTaskManager('tm1', 1)
  await cluster.advance(60_000, 6)
  t.strictSame(states(info()), ['RUNNING'])
})

t.test(
  'JobMaster releases the slots of a TaskManager as soon as its connection breaks',
  async (t) => {
    const { cluster, info } = await run(t, twoVertices(), { configuration: FIXED_DELAY })
    const lost = await cluster.startTaskManager('tm1', 1)
    await cluster.startTaskManager('tm2', 1)
    await lost.crash()
    await settle()
    t.equal(info().status, 'RESTARTING')
    t.match(info().exceptionHistory[0], {
      taskManagerId: 'tm1',
      error: { code: 'FLINK_TASK_MANAGER_LOST' },
    })
    await cluster.advance(2000)
    t.equal(info().waitingFor, 'waiting for slots: 2 required, 1 available')
    t.equal(cluster.resourceManager.declared.at(-1), 2)
    const next = await cluster.startTaskManager('tm3', 1)
    t.strictSame(states(info()), ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
    t.equal(next.deployed.length, 2)
  },
)

t.test('JobMaster asks again for a slot that it lost before it could deploy', async (t) => {
  const { cluster, info } = await run(t, twoVertices())
  const lost = await cluster.startTaskManager('tm1', 1)
  await lost.crash()
  await settle()
  t.equal(info().status, 'RUNNING', 'nothing ran there, nothing failed')
  t.equal(info().waitingFor, 'waiting for slots: 2 required, 0 available')
  await cluster.startTaskManager('tm2', 2)
  t.strictSame(states(info()), ['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING'])
})

t.test('JobMaster gives up a slot whose TaskManager refuses tasks for it', async (t) => {
  const { cluster, info } = await run(t, jobGraph([vertex(1, 1)]), { configuration: FIXED_DELAY })
  const taskManager = await cluster.startTaskManager('tm1')
  const submit = taskManager.submitTask
  taskManager.submitTask = async () => {
    throw new FlinkError('the job holds no such slot', { code: 'FLINK_TASK_SUBMISSION' })
  }
  await taskManager.offer(1)
  await settle()
  t.equal(info().status, 'RESTARTING')
  taskManager.submitTask = submit
  await cluster.advance(2000)
  t.equal(info().waitingFor, 'waiting for slots: 1 required, 0 available')
  await taskManager.offer(1)
  await settle()
  t.strictSame(states(info()), ['RUNNING'])
})

t.test('JobMaster gives up a silent TaskManager after heartbeat.timeout', async (t) => {
  const { cluster, info } = await run(t, jobGraph([vertex(1, 1)]), { configuration: FIXED_DELAY })
  const silent = await cluster.startTaskManager('tm1', 1)
  await cluster.advance(30_000, 3)
  t.equal(silent.heartbeats, 3)
  silent.heartbeatFromJobMaster = () => new Promise(() => {})
  await cluster.advance(49_000, 7)
  t.equal(info().status, 'RUNNING')
  await cluster.advance(10_000, 10)
  t.match(info().exceptionHistory[0], { error: { code: 'FLINK_HEARTBEAT_LOST' } })
})

t.test('JobMaster returns a slot that it has not used for slot.idle.timeout', async (t) => {
  const graph = jobGraph([vertex(1, 2), vertex(2, 1)], [edge(1, 2, 'HASH', 'blocking')], {
    jobType: 'BATCH',
  })
  const { cluster, ended } = await run(t, graph)
  const taskManager = await cluster.startTaskManager('tm1', 2)
  t.equal(taskManager.deployed.length, 2, 'the consumer waits for the blocking result')
  for (const { executionAttemptId } of [...taskManager.deployed]) {
    await taskManager.report(executionAttemptId, 'FINISHED')
  }
  await settle()
  t.equal(taskManager.deployed.length, 3)
  t.equal(cluster.resourceManager.declared.at(-1), 1)
  await cluster.advance(50_000, 5)
  t.equal(taskManager.freed.length, 1)
  await taskManager.report(taskManager.deployed[2]!.executionAttemptId, 'FINISHED')
  await settle()
  t.match(ended, [{ status: 'FINISHED' }])
})

t.test('JobMaster declares again what the ResourceManager did not take', async (t) => {
  const { cluster } = await run(t, jobGraph([vertex(1, 1)]))
  await cluster.startTaskManager('tm1', 1)
  cluster.resourceManager.failDeclarations = 2
  cluster.resourceManager.declared.length = 0
  const taskManager = cluster.taskManagers[0]!
  await taskManager.jobMaster().disconnectResourceManager({ cause: userError })
  await settle()
  t.strictSame(cluster.resourceManager.declared, [])
  await cluster.advance(300, 3)
  t.strictSame(cluster.resourceManager.declared, [1])
})
