import { accumulatorValue, FlinkError } from '@flink-ts/core'
import t from 'tap'
import { startServer } from './start-server.js'
import { JOB_ID, runningJob, SINK_ID, SOURCE_ID } from './testing-gateways.js'

const graphOf = () => ({ executionGraph: Buffer.from(JSON.stringify(runningJob())) })

t.test('GET /jobs/:jobid shows vertices, states, metrics and the plan', async (t) => {
  const { client } = await startServer(t, { dispatcher: { requestJob: graphOf } })

  const job = await client.jobDetails(JOB_ID)

  t.equal(job.state, 'RUNNING')
  t.equal(job.timestamps['CREATED'], 950)
  t.equal(job['status-counts']['RUNNING'], 2)
  t.match(job.vertices[1], {
    id: SINK_ID,
    status: 'RUNNING',
    'start-time': 1030,
    'end-time': -1,
    metrics: { 'read-records': 7, 'read-bytes': 100, 'read-records-complete': true },
  })
  t.match(job.plan.nodes[0], {
    id: SINK_ID,
    inputs: [{ id: SOURCE_ID, num: 0, ship_strategy: 'HASH', exchange: 'pipelined_bounded' }],
  })
  t.equal(job.plan.nodes[1]!.description, 'Source: &lt;a&gt;<br/>')
})

t.test(
  'accumulators are merged per job, per vertex and per subtask, and serialized if asked for',
  async (t) => {
    const { client, raw } = await startServer(t, { dispatcher: { requestJob: graphOf } })
    const of = (value: number) => [{ name: 'records', type: 'IntCounter', value: String(value) }]

    t.same((await raw(`/jobs/${JOB_ID}/accumulators`)).body, {
      'job-accumulators': [],
      'user-task-accumulators': of(14),
      'serialized-user-task-accumulators': {},
    })
    const [snapshot] = await client.jobAccumulators(JOB_ID)
    t.equal(accumulatorValue(snapshot!), 14)
    const vertex = `/jobs/${JOB_ID}/vertices/${SINK_ID}`
    t.same((await raw(`${vertex}/accumulators`)).body, { id: SINK_ID, 'user-accumulators': of(7) })
    t.same((await raw(`${vertex}/subtasks/accumulators`)).body, {
      id: SINK_ID,
      parallelism: 1,
      subtasks: [
        { subtask: 0, attempt: 0, endpoint: 'localhost:4711', 'user-accumulators': of(7) },
      ],
    })
    t.match((await raw(`${vertex}/subtasks/0/attempts/0/accumulators`)).body, {
      attempt: 0,
      'user-accumulators': of(7),
    })
    t.equal((await raw(`${vertex}/subtasks/0/attempts/7/accumulators`)).status, 404)
    t.match((await raw(`${vertex}/subtasktimes`)).body, {
      id: SINK_ID,
      name: 'Sink: b',
      subtasks: [{ subtask: 0, endpoint: 'localhost:4711', timestamps: { RUNNING: 1100 } }],
    })
    t.equal((await raw(`/jobs/${JOB_ID}/accumulators?includeSerializedValue=7`)).status, 400)
  },
)

t.test('subtask metrics show for each channel whether its bytes crossed processes', async (t) => {
  const { client } = await startServer(t, { dispatcher: { requestJob: graphOf } })

  const all = await client.subtaskMetrics(JOB_ID, SOURCE_ID, 0)
  const wanted = await client.subtaskMetrics(JOB_ID, SOURCE_ID, 0, [
    'Shuffle.Netty.Output.0.channel0.numBytesOutRemote',
    'Shuffle.Netty.Output.numBytesOutRemote',
    'no.such.metric',
  ])

  t.ok(all.some(({ id, value }) => id === 'numRecordsOut' && value === undefined))
  t.strictSame(wanted, [
    { id: 'Shuffle.Netty.Output.0.channel0.numBytesOutRemote', value: '100' },
    { id: 'Shuffle.Netty.Output.numBytesOutRemote', value: '100' },
  ])
})

t.test('backpressure tells the level and the shares of time of each subtask', async (t) => {
  const rates = new Map<number, Record<string, number>>()
  const requestJob = () => {
    const graph = runningJob()
    const info = graph.vertices.find(({ vertexId }) => vertexId === SINK_ID)!
    const { current } = info.subtasks[0]!
    const subtasks = [...rates].map(([subtaskIndex, values]) => ({
      subtaskIndex,
      history: [],
      current: { ...current, metrics: { ...current.metrics!, values } },
    }))
    const told = { ...graph, vertices: [{ ...info, subtasks }] }
    return { executionGraph: Buffer.from(JSON.stringify(told)) }
  }
  const rate = (backPressured: number) => ({
    backPressuredTimeMsPerSecond: backPressured,
    idleTimeMsPerSecond: 100,
    busyTimeMsPerSecond: 900 - backPressured,
    isBackPressured: backPressured > 0 ? 1 : 0,
  })
  for (const [worst, level] of [
    [0, 'ok'],
    [100, 'ok'],
    [101, 'low'],
    [500, 'low'],
    [501, 'high'],
  ] as const) {
    rates.set(0, rate(0)).set(1, rate(worst))
    const { raw } = await startServer(t, { dispatcher: { requestJob } })
    const vertex = `/jobs/${JOB_ID}/vertices/${SINK_ID}`
    const { body } = await raw(`${vertex}/backpressure`)
    t.match(body, {
      status: 'ok',
      backpressureLevel: level,
      'backpressure-level': level,
      'end-timestamp': Number,
      subtasks: [
        { subtask: 0, 'backpressure-level': 'ok', ratio: 0, idleRatio: 0.1, busyRatio: 0.9 },
        { subtask: 1, 'backpressure-level': level, ratio: worst / 1000, 'attempt-number': 0 },
      ],
    })
    const metrics = await raw(`${vertex}/subtasks/1/metrics?get=isBackPressured`)
    t.same(metrics.body, [{ id: 'isBackPressured', value: String(worst > 0) }])
  }
  rates.clear()
  const { raw } = await startServer(t, { dispatcher: { requestJob } })
  const { body } = await raw(`/jobs/${JOB_ID}/vertices/${SINK_ID}/backpressure`)
  t.same(body, { status: 'deprecated' }, 'nothing is known yet')
})

t.test('vertex details show each subtask with its TaskManager', async (t) => {
  const { client, raw } = await startServer(t, { dispatcher: { requestJob: graphOf } })

  const details = await client.vertexDetails(JOB_ID, SINK_ID)

  t.match(details.subtasks[0], {
    subtask: 0,
    status: 'RUNNING',
    endpoint: 'localhost:4711',
    'taskmanager-id': 'tm-b',
    'status-duration': { CREATED: 10, SCHEDULED: 20, DEPLOYING: 30, INITIALIZING: 40 },
  })
  t.match(await raw(`/jobs/${JOB_ID}/vertices/${'0'.repeat(32)}`), { status: 404 })
})

t.test('GET /jobs/:jobid/exceptions shows the user’s stack', async (t) => {
  const { client } = await startServer(t, { dispatcher: { requestJob: graphOf } })

  const { exceptionHistory } = await client.jobExceptions(JOB_ID)

  t.match(exceptionHistory, {
    truncated: false,
    entries: [{ exceptionName: 'Error', taskName: 'Sink: b (1/1)', taskManagerId: 'tm-b' }],
  })
  t.match(exceptionHistory.entries[0]!.stacktrace, /wordcount\.ts:3:9/)
})

t.test(
  'GET /jobs/:jobid/exceptions shows the newest first, with what failed beside it',
  async (t) => {
    const entry = (message: string, timestampMs: number) => ({
      timestampMs,
      error: { name: 'Error', message },
      taskName: 'a (1/1)',
      taskManagerId: 'tm-a',
      endpoint: 'host:1',
      concurrent: [],
    })
    const graph = {
      ...runningJob(),
      exceptionHistory: [entry('old', 1), { ...entry('new', 2), concurrent: [entry('beside', 3)] }],
    }
    const { raw } = await startServer(t, {
      dispatcher: { requestJob: () => ({ executionGraph: Buffer.from(JSON.stringify(graph)) }) },
    })

    const { body } = await raw(`/jobs/${JOB_ID}/exceptions`)
    t.match(body, {
      exceptionHistory: {
        truncated: false,
        entries: [
          {
            stacktrace: /new/,
            timestamp: 2,
            endpoint: 'host:1',
            taskManagerId: 'tm-a',
            failureLabels: {},
            concurrentExceptions: [{ stacktrace: /beside/, failureLabels: {} }],
          },
          { stacktrace: /old/ },
        ],
      },
    })
    t.match((await raw(`/jobs/${JOB_ID}/exceptions?maxExceptions=1`)).body, {
      exceptionHistory: { truncated: true, entries: [{ stacktrace: /new/ }] },
    })
    t.strictSame((await raw(`/jobs/${JOB_ID}/exceptions?failureLabelFilter=type:user`)).body, {
      exceptionHistory: { truncated: false, entries: [] },
    })
  },
)

t.test('GET …/subtasks/:i/attempts/:n shows the current attempt and earlier ones', async (t) => {
  const graph = runningJob()
  const [info, ...others] = graph.vertices
  const [subtask] = info!.subtasks
  const earlier = { ...subtask!.current, attemptNumber: 3, state: 'FAILED' }
  const current = { ...subtask!.current, attemptNumber: 4 }
  const vertices = [{ ...info, subtasks: [{ ...subtask, current, history: [earlier] }] }, ...others]
  const { raw } = await startServer(t, {
    dispatcher: {
      requestJob: () => ({
        executionGraph: Buffer.from(JSON.stringify({ ...graph, vertices })),
      }),
    },
  })

  const attempt = (n: string) =>
    raw(`/jobs/${JOB_ID}/vertices/${info!.vertexId}/subtasks/0/attempts/${n}`)
  t.match(await attempt('3'), { status: 200, body: { subtask: 0, attempt: 3, status: 'FAILED' } })
  t.match(await attempt('4'), { status: 200, body: { attempt: 4, status: current.state } })
  t.match(await attempt('2'), { status: 404 })
  t.match(await attempt('x'), { status: 400 })
})

t.test('a job id that is none answers 400, an unknown job 404', async (t) => {
  const unknown = () => {
    throw new FlinkError(`Could not find Flink job (${JOB_ID})`, { code: 'FLINK_JOB_NOT_FOUND' })
  }
  const { raw } = await startServer(t, {
    dispatcher: { requestJob: unknown, requestJobStatus: unknown, cancelJob: unknown },
  })

  t.match(await raw('/jobs/xyz'), {
    status: 400,
    body: { errors: [/Cannot resolve path parameter \(jobid\) from value "xyz"/] },
  })
  t.match(await raw(`/jobs/${JOB_ID}`), {
    status: 404,
    body: { errors: [/Could not find Flink job/] },
  })
  t.match(await raw(`/jobs/${JOB_ID}`, { method: 'PATCH' }), { status: 404 })
})

t.test('cancelling a job that ended answers 409, an unknown mode 400, mode stop 308', async (t) => {
  const { client, raw } = await startServer(t, {
    dispatcher: {
      cancelJob: () => {
        throw new FlinkError(`Flink job (${JOB_ID}) was not canceled, but instead FINISHED.`, {
          code: 'FLINK_JOB_ALREADY_TERMINATED',
        })
      },
    },
  })

  await t.rejects(client.cancelJob(JOB_ID), {
    statusCode: 409,
    message: /Job cancellation failed because .* another terminal state \(FINISHED\)\.$/,
  })
  t.equal((await raw(`/jobs/${JOB_ID}?mode=now`, { method: 'PATCH' })).status, 400)
  t.equal((await raw(`/jobs/${JOB_ID}?mode=stop`, { method: 'PATCH' })).status, 308)
})
