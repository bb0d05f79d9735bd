import {
  FileSystemRegistry,
  FlinkError,
  InMemoryFileSystem,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type ApplicationStatus,
  DISPATCHER_GATEWAY,
  Dispatcher,
  type DispatcherGateway,
  type ExecutionGraphInfo,
  type JobGraph,
  type ProgramDescriptor,
  parseJobGraph,
} from '@flink-ts/runtime'
import { FileSystemCheckpointStorage } from '@flink-ts/state'
import t from 'tap'
import { disposeSavepoint } from '../../dist/dispatcher/dispose-savepoint.js'
import { TriggeredOperations } from '../../dist/dispatcher/triggered-operations.js'
import { settle, TestingCluster } from '../testing/cluster.js'
import { edge, hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'

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

const encode = (graph: unknown) => ({ jobGraph: Buffer.from(JSON.stringify(graph)) })

async function start(
  t: { teardown(fn: () => unknown): void },
  configuration: Record<string, string> = {},
) {
  const cluster = new TestingCluster()
  await cluster.resourceManager.start()
  for (const [key, value] of Object.entries(configuration)) {
    cluster.configuration.setString(key, value)
  }
  const shutDowns: ApplicationStatus[] = []
  const blobs: string[] = []
  const dispatcher = new Dispatcher({
    configuration: cluster.configuration,
    rpcService: cluster.rpcService,
    highAvailability: cluster.ha,
    fileSystems: cluster.fileSystems,
    loadModule: async () => ({}),
    clock: cluster.clock,
    random: cluster.random,
    log: noopLogger,
    resourceId: 'jm',
    clusterVersion: { version: '0.1.0', nodeMajor: 20 },
    blobs: {
      registerJob: async (jobId, keys) => void blobs.push(`+${jobId}:${keys}`),
      releaseJob: async (jobId) => void blobs.push(`-${jobId}`),
    },
    onShutDown: (status) => shutDowns.push(status),
  })
  await dispatcher.start()
  await settle()
  const leader = cluster.ha.leaders.leaderOf({ kind: 'dispatcher' })!
  const client = cluster.createService('client:1')
  const connect = (token = leader.token): DispatcherGateway =>
    client.connect(leader.address, leader.endpointId, DISPATCHER_GATEWAY, { fencingToken: token })
  t.teardown(async () => {
    await dispatcher.close()
    await client.close()
    await cluster.close()
    if (cluster.clock.pendingTimers !== 0) throw new Error('a closed Dispatcher left timers')
  })
  const gateway = connect()
  const submit = async (graph: JobGraph) => {
    await gateway.submitJob(encode(graph))
    await settle()
  }
  return { cluster, dispatcher, gateway, submit, connect, shutDowns, blobs }
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
    configuration: first.cluster.configuration,
    rpcService: first.cluster.rpcService,
    highAvailability: first.cluster.ha,
    fileSystems: first.cluster.fileSystems,
    loadModule: async () => ({}),
    clock: first.cluster.clock,
    random: first.cluster.random,
    log: noopLogger,
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

t.test('TriggeredOperations keeps what came of an operation for the store duration', async (t) => {
  const clock = new ManualClock()
  const operations = new TriggeredOperations({
    clock,
    log: noopLogger,
    storeDurationMs: 1000,
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
  })
  const ids = { jobId: JOB_ID, triggerId: 'a' }
  let complete: (outcome: { location: string }) => void = () => {}
  operations.begin(
    'savepoint',
    ids,
    new Promise((resolve) => {
      complete = resolve
    }),
  )
  clock.advance(10_000)
  t.ok(operations.has(JOB_ID, 'a'), 'what goes on never expires')
  t.strictSame(operations.get(JOB_ID, 'a'), { status: 'IN_PROGRESS' })
  complete({ location: '/s/savepoint-1' })
  operations.begin(
    'b',
    { jobId: '', triggerId: 'a' },
    Promise.reject(new FlinkError('no', { code: 'X' })),
  )
  await settle()
  clock.advance(999)
  const completed = { status: 'COMPLETED', location: '/s/savepoint-1' }
  t.strictSame(operations.get(JOB_ID, 'a'), completed)
  t.match(operations.get('', 'a'), { status: 'COMPLETED', failureCause: { message: 'no' } })
  clock.advance(1)
  t.notOk(operations.has(JOB_ID, 'a'))
  t.throws(() => operations.get(JOB_ID, 'a'), {
    code: 'FLINK_OPERATION_NOT_FOUND',
    message: new RegExp(`triggerId=a for job ${JOB_ID}`),
  })
})

t.test('TriggeredOperations.jobEnded waits until somebody knows what ended the job', async (t) => {
  const clock = new ManualClock()
  const operations = new TriggeredOperations({
    clock,
    log: noopLogger,
    storeDurationMs: 60_000,
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
  })
  const told: string[] = []
  const end = (jobId: string) => operations.jobEnded(jobId, () => told.push(jobId))
  const stop = (jobId: string) =>
    operations.begin('stop', { jobId, triggerId: 'x' }, Promise.resolve({ location: '/s' }))
  end('by itself')
  t.same(told, ['by itself'], 'at once')
  for (const jobId of ['asked', 'forgotten']) {
    stop(jobId)
    end(jobId)
  }
  t.match(operations.get('asked', 'x'), { status: 'IN_PROGRESS' })
  await settle()
  clock.advance(1000)
  t.same(told, ['by itself'])
  t.match(operations.get('asked', 'x'), { status: 'COMPLETED' })
  clock.advance(100)
  t.same(told, ['by itself', 'asked'])
  clock.advance(3900)
  t.same(told, ['by itself', 'asked', 'forgotten'], 'not for ever')
  stop('closed')
  end('closed')
  operations.close()
  t.equal(clock.pendingTimers, 0)
})

t.test('Dispatcher: what is asked of checkpoints of a job that does not run', async (t) => {
  const { gateway } = await start(t)
  const savepoint = { jobId: JOB_ID, cancelJob: false, formatType: '', triggerId: 'a' }
  const notFound = { code: 'FLINK_JOB_NOT_FOUND' }
  await t.rejects(gateway.triggerSavepoint(savepoint), notFound)
  await t.rejects(gateway.stopWithSavepoint({ ...savepoint, drain: false }), notFound)
  const checkpoint = { jobId: JOB_ID, checkpointType: '', triggerId: 'a' }
  await t.rejects(gateway.triggerManualCheckpoint(checkpoint), notFound)
  await t.rejects(
    gateway.requestCheckpointStatistics({ jobId: JOB_ID, kind: 'OVERVIEW' }),
    notFound,
  )
  await t.rejects(gateway.requestTriggeredOperation({ jobId: JOB_ID, triggerId: 'a' }), {
    code: 'FLINK_OPERATION_NOT_FOUND',
  })
})

t.test('Dispatcher: a savepoint that fails is a completed operation with its cause', async (t) => {
  const { gateway, submit } = await start(t)
  await submit(jobGraph([vertex(1, 1)]))
  const ids = { jobId: JOB_ID, triggerId: 'a' }
  const request = { ...ids, cancelJob: false, formatType: '', targetDirectory: 'nofs:/x' }
  await gateway.triggerSavepoint(request)
  await gateway.triggerSavepoint(request)
  await settle()
  // No task runs, so that none can be taken.
  t.match(await gateway.requestTriggeredOperation(ids), {
    status: 'COMPLETED',
    failureCause: { code: /^FLINK_/ },
  })
})

t.test('Dispatcher: the checkpoints of a job are known after its end', async (t) => {
  const { cluster, gateway, submit } = await start(t)
  await submit(jobGraph([vertex(1, 1)]))
  const taskManager = await cluster.startTaskManager('tm1', 1)
  const statistics = async (kind: string, checkpointId?: number) => {
    const request = { jobId: JOB_ID, kind, ...(checkpointId !== undefined && { checkpointId }) }
    const { json } = await gateway.requestCheckpointStatistics(request)
    return json && (JSON.parse(Buffer.from(json).toString()) as unknown)
  }
  const overview = await statistics('OVERVIEW')
  const config = await statistics('CONFIG')
  t.match(overview, { counts: { total: 0 }, history: [] })
  t.match(config, { mode: 'exactly_once' })
  await taskManager.report(taskManager.deployed[0]!.executionAttemptId, 'FINISHED')
  await settle()
  t.match(await gateway.requestJobStatus({ jobId: JOB_ID }), { status: 'FINISHED' })
  t.same(await statistics('OVERVIEW'), overview)
  t.same(await statistics('CONFIG'), config)
  t.equal(await statistics('DETAILS', 1), undefined)
})

t.test('disposeSavepoint removes its files, those outside of its folder too', async (t) => {
  const random = new SeededRandom(1)
  const files = new InMemoryFileSystem({ clock: new ManualClock(), random })
  const world = { fileSystems: new FileSystemRegistry([files], files.scheme), random }
  const storage = new FileSystemCheckpointStorage({ ...world, jobId: JOB_ID })
  const location = await storage.initializeSavepoint(`${files.scheme}:/savepoints`)
  const paths = [`${location.directory}/a`, `${files.scheme}:/elsewhere/b`]
  await files.mkdirs(`${files.scheme}:/elsewhere`)
  for (const path of paths) {
    const stream = await files.create(path, 'exclusive')
    await stream.write(Buffer.from('state'))
    await stream.close()
  }
  const handles = paths.map((path) => ({ kind: 'file' as const, path, sizeBytes: 5, checksum: 0 }))
  await storage.complete(location, {
    jobId: JOB_ID,
    checkpointId: 3n,
    timestampMs: 1,
    kind: 'SAVEPOINT',
    operators: [
      {
        operatorId: hex(1),
        operatorName: 'o',
        parallelism: 1,
        maxParallelism: 128,
        subtasks: new Map([
          [
            0,
            {
              keyed: {
                keyGroups: { start: 0, end: 127 },
                snapshot: handles[0]!,
                shared: [{ key: 'b', handle: handles[1]! }],
              },
            },
          ],
        ]),
      },
    ],
  })
  const userOf = (directory: string) => (directory === location.directory ? JOB_ID : undefined)
  await t.rejects(disposeSavepoint(`${location.directory}/_metadata`, { ...world, userOf }), {
    code: 'FLINK_SAVEPOINT_IN_USE',
    message: new RegExp(`job ${JOB_ID} runs`),
  })
  for (const path of paths) t.ok(await files.exists(path), path)
  await disposeSavepoint(`${location.directory}/_metadata`, world)
  for (const path of [...paths, location.directory]) t.notOk(await files.exists(path), path)
  await t.rejects(disposeSavepoint(location.directory, world), {
    code: 'FLINK_CHECKPOINT_NOT_FOUND',
  })
})
