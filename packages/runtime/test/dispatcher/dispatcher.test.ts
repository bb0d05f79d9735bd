import {
  Dispatcher,
  type ExecutionGraphInfo,
  type JobGraph,
  type ProgramDescriptor,
  parseJobGraph,
} from '@flink-ts/runtime'
import t from 'tap'
import { settle } from '../testing/cluster.js'
import { edge, hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'
import { encode, start } from './dispatcher-under-test.js'

const program: ProgramDescriptor = {
  bundleKey: 'blob',
  programName: 'p.ts',
  args: [],
  environment: {},
  clientVersion: '0.1.7',
  nodeMajor: 20,
  submissionTimeMs: 1,
  randomSeed: 1,
  executeIndex: 0,
  earlierResults: [],
  submissionValues: {},
  structure: [],
  captures: {},
}

t.test('Dispatcher runs a job, shows it, and remembers its result', async (t) => {
  const { cluster, gateway, submit, blobs } = await start(t)
  await submit(jobGraph([vertex(1, 1)], [], { program }))
  t.match(await gateway.listJobs({}), { jobs: [{ jobId: JOB_ID, status: 'RUNNING' }] })
  t.match(await gateway.requestMultipleJobDetails({}), {
    jobs: [
      {
        status: 'RUNNING',
        totalTasks: 1,
        tasksPerState: { SCHEDULED: 1, RUNNING: 0 },
        endTimeMs: -1,
        waitingFor: 'waiting for slots: 1 required, 0 available',
      },
    ],
  })
  t.strictSame(await gateway.requestJobResult({ jobId: JOB_ID }), {})
  t.strictSame(await cluster.graphs.getJobIds(), [JOB_ID])
  t.match(cluster.ha.leaders.leaderOf({ kind: 'jobmanager', jobId: JOB_ID }), {
    address: 'jobmanager:6123',
  })
  const taskManager = await cluster.startTaskManager('tm1', 1)
  t.match(await gateway.requestClusterOverview({}), {
    taskManagers: 2,
    slotsTotal: 4,
    slotsAvailable: 3,
    jobsRunningOrPending: 1,
  })
  await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FINISHED')
  await settle()
  t.match(await gateway.requestJobResult({ jobId: JOB_ID }), { result: { status: 'FINISHED' } })
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'FINISHED' })
  t.match(await gateway.requestClusterOverview({}), { jobsRunningOrPending: 0, jobsFinished: 1 })
  const { executionGraph } = await gateway.requestJob({ jobId: JOB_ID })
  const info = JSON.parse(Buffer.from(executionGraph).toString()) as ExecutionGraphInfo
  t.equal(info.vertices[0]!.subtasks[0]!.current.state, 'FINISHED')
  t.strictSame(await cluster.graphs.getJobIds(), [])
  t.equal(cluster.ha.leaders.leaderOf({ kind: 'jobmanager', jobId: JOB_ID }), undefined)
  t.strictSame(blobs, [`+${JOB_ID}:blob`, `-${JOB_ID}`])
  await t.rejects(gateway.submitJob(encode(jobGraph([vertex(1, 1)]))), {
    code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
    name: 'DuplicateJobSubmissionException',
  })
})

t.test('Dispatcher refuses a job id twice, also at the same time', async (t) => {
  const { gateway } = await start(t)
  const graph = encode(jobGraph([vertex(1, 1)]))
  const results = await Promise.allSettled([gateway.submitJob(graph), gateway.submitJob(graph)])
  t.strictSame(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  await t.rejects(gateway.submitJob(graph), /already been submitted/)
})

t.test('Dispatcher keeps no blob of a job that it could not store', async (t) => {
  const { cluster, gateway, submit, blobs } = await start(t)
  const store = cluster.graphs
  const { putJobGraph } = store
  store.putJobGraph = async () => {
    throw new Error('the disk is full')
  }
  const graph = jobGraph([vertex(1, 1)], [], { program })
  await t.rejects(gateway.submitJob(encode(graph)), /the disk is full/)
  t.strictSame(blobs, [`+${JOB_ID}:blob`, `-${JOB_ID}`])
  store.putJobGraph = putJobGraph
  await submit(graph)
  t.match(await gateway.listJobs({}), { jobs: [{ jobId: JOB_ID }] })
})

t.test('Dispatcher refuses clients that do not fit', async (t) => {
  const { gateway } = await start(t)
  const submit = (change: Partial<ProgramDescriptor>) =>
    gateway.submitJob(encode(jobGraph([vertex(1, 1)], [], { program: { ...program, ...change } })))
  await t.rejects(submit({ clientVersion: '0.2.0' }), {
    code: 'FLINK_INCOMPATIBLE_CLIENT',
    message: /0\.2\.0.*0\.1\.0/,
  })
  await t.rejects(submit({ nodeMajor: 22 }), /Node\.js 22.*Node\.js 20/)
})

t.test('Dispatcher refuses a stale fencing token', async (t) => {
  const { connect } = await start(t)
  await t.rejects(connect({ epoch: 0, uuid: 'old' }).listJobs({}), {
    code: 'FLINK_RPC_FENCING_TOKEN',
  })
})

t.test('Dispatcher cancels a job; an ended one only if it was cancelled', async (t) => {
  const { cluster, gateway, submit } = await start(t)
  await t.rejects(gateway.cancelJob({ jobId: JOB_ID }), {
    code: 'FLINK_JOB_NOT_FOUND',
    name: 'FlinkJobNotFoundException',
    message: `Could not find Flink job (${JOB_ID})`,
  })
  await submit(jobGraph([vertex(1, 1)]))
  await gateway.cancelJob({ jobId: JOB_ID })
  await settle()
  t.match(await gateway.requestJobResult({ jobId: JOB_ID }), { result: { status: 'CANCELED' } })
  await gateway.cancelJob({ jobId: JOB_ID })

  const jobId = hex(0xcd)
  await submit(jobGraph([vertex(1, 1)], [], { jobId: jobId as JobGraph['jobId'] }))
  const taskManager = await cluster.startTaskManager('tm1', 1)
  await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FAILED', {
    name: 'RangeError',
    message: 'boom',
  })
  await settle()
  await t.rejects(gateway.cancelJob({ jobId }), {
    code: 'FLINK_JOB_ALREADY_TERMINATED',
    message: /FAILED/,
  })
})

t.test('Dispatcher fails a job that cannot be started, and goes on', async (t) => {
  const { gateway, submit } = await start(t)
  await submit(
    jobGraph([vertex(1, 1)], [], { configuration: { 'restart-strategy.type': 'sometimes' } }),
  )
  const { result } = await gateway.requestJobResult({ jobId: JOB_ID })
  t.match(result, {
    status: 'FAILED',
    failureCause: {
      name: 'JobInitializationException',
      message: /Could not start the JobMaster.*sometimes/,
    },
  })
  t.match(await gateway.requestClusterOverview({}), { jobsFailed: 1 })
})

t.test('Dispatcher cancels the job of a client that is gone', async (t) => {
  const { cluster, gateway, submit } = await start(t)
  await submit(jobGraph([vertex(1, 1)]))
  const now = cluster.clock.now()
  const report = (ms: number) =>
    gateway.reportJobClientHeartbeat({ jobId: JOB_ID, expiredTimestampMs: now + ms })
  await report(5000)
  await cluster.advance(4000)
  await report(9000)
  await cluster.advance(4000)
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'RUNNING' })
  await cluster.advance(1000)
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'CANCELED' })
  await t.rejects(
    gateway.reportJobClientHeartbeat({ jobId: hex(1), expiredTimestampMs: 1 }),
    /Could not find/,
  )
})

t.test('Dispatcher forgets ended jobs by number and by time', async (t) => {
  const { cluster, gateway, submit } = await start(t, {
    'completed-application-store.max-capacity': '2',
    'completed-application-store.expiration-time': '1 min',
  })
  for (const n of [1, 2, 3]) {
    const jobId = hex(n) as JobGraph['jobId']
    await submit(jobGraph([vertex(1, 1)], [], { jobId }))
    await gateway.cancelJob({ jobId })
    await settle()
  }
  const ids = async () => (await gateway.listJobs({})).jobs.map(({ jobId }) => jobId)
  t.strictSame(await ids(), [hex(2), hex(3)])
  await cluster.advance(60_000)
  t.strictSame(await ids(), [])
})

t.test('Dispatcher tells a shut-down once', async (t) => {
  const { gateway, shutDowns } = await start(t)
  await gateway.shutDownCluster({ status: 'SUCCEEDED' })
  await gateway.shutDownCluster({ status: 'FAILED' })
  t.strictSame(shutDowns, ['SUCCEEDED'])
})

t.test('Dispatcher recovers jobs of an earlier leader', async (t) => {
  const first = await start(t)
  await first.submit(jobGraph([vertex(1, 1)]))
  await first.dispatcher.close()
  t.strictSame(await first.cluster.graphs.getJobIds(), [JOB_ID], 'suspended, not ended')
  const next = new Dispatcher({
    ...first.cluster.jobManagerServices,
    resourceId: 'jm2',
    clusterVersion: { version: '0.1.0', nodeMajor: 20 },
  })
  await next.start()
  await settle()
  t.match(await next.listJobs(), { jobs: [{ jobId: JOB_ID, status: 'RUNNING' }] })
  await next.close()
})

t.test('parseJobGraph names the field that is wrong', async (t) => {
  const good = jobGraph([vertex(1, 2), vertex(2, 2)], [edge(1, 2, 'FORWARD')], { program })
  const parse = (graph: unknown) => parseJobGraph(JSON.stringify(graph))
  t.same(parse(good), good)
  // biome-ignore lint/suspicious/noExplicitAny: the test breaks the type on purpose
  const bad = (change: (graph: any) => void, message: RegExp) => {
    const graph = structuredClone(good)
    change(graph)
    t.throws(() => parse(graph), { message, code: 'FLINK_INVALID_JOB_GRAPH' })
  }
  bad((g) => (g.formatVersion = 2), /formatVersion: this cluster reads version 1, not 2/)
  bad((g) => (g.jobId = 'x'), /field jobId: expected 32 lower-case hex digits, found "x"/)
  bad((g) => (g.vertices[1].parallelism = 0), /vertices\[1\]\.parallelism: .*from 1 to 32768/)
  bad((g) => (g.vertices[1].parallelism = 129), /more than maxParallelism 128/)
  bad((g) => delete g.vertices[0].operators[0].code, /operators\[0\]\.code: .*found nothing/)
  bad((g) => (g.vertices[0].operators = []), /at least one operator/)
  bad((g) => (g.edges[0].partitioner = 'NEAR'), /edges\[0\]\.partitioner: expected one of FORWARD/)
  bad((g) => (g.edges[0].targetVertexId = hex(9)), /targetVertexId: there is no such vertex/)
  bad((g) => g.vertices.reverse(), /topological order/)
  bad((g) => (g.vertices[1].id = hex(1)), /id of an earlier vertex/)
  bad((g) => (g.vertices[1].parallelism = 1), /FORWARD joins equal parallelism, not 2 and 1/)
  bad((g) => (g.program.args = 'x'), /program\.args: expected a list, found "x"/)
  bad((g) => (g.configuration = { a: 1 }), /configuration\["a"\]: expected a string, found 1/)
  bad((g) => (g.vertices = []), /at least one vertex/)
  bad((g) => {
    const vertex = { ...g.vertices[0]!, parallelism: 32768, maxParallelism: 32768 }
    g.vertices = Array.from({ length: 31 }, () => vertex)
  }, /1015808 subtasks are more than the 1000000/)
  const resources = {
    cpuCores: 1,
    taskHeapBytes: 1,
    taskOffHeapBytes: 0,
    managedBytes: 0,
    extendedResources: {},
  }
  const group = (rest: object, name = 'default') => [{ name, resources: { ...resources, ...rest } }]
  const withGroup = { ...good, slotSharingGroups: group({ extendedResources: { gpu: 1 } }) }
  t.same(parse(withGroup), withGroup)
  bad((g) => (g.slotSharingGroups = group({ cpuCores: 0 })), /resources\.cpuCores: .* above 0/)
  bad((g) => (g.slotSharingGroups = group({ managedBytes: 0.5 })), /managedBytes: .*whole number/)
  bad(
    (g) => (g.slotSharingGroups = group({ extendedResources: { gpu: -1 } })),
    /extendedResources\["gpu"\]: .* above 0, found -1/,
  )
  bad((g) => (g.slotSharingGroups = group({}, 'x')), /no vertex is in a slot sharing group 'x'/)
  bad((g) => (g.slotSharingGroups = [...group({}), ...group({})]), /name of an earlier/)
  bad((g) => {
    for (const vertex of g.vertices) vertex.coLocationGroup = 'c'
    g.vertices[1].slotSharingGroup = 'other'
  }, /vertices\[1\]\.coLocationGroup: vertices of 'c' share slots, .* 'default' and 'other'/)
  t.throws(() => parseJobGraph('{'), /not JSON/)
  t.throws(() => parseJobGraph('null'), /expected an object, found null/)
})
