import { mkdtempSync, readdirSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  accumulatorValue,
  Configuration,
  FlinkError,
  noopLogger,
  SystemClock,
  SystemRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { RestServerEndpoint } from '@flink-ts/rest'
import { RestClientError, RestClusterClient, RestConnectionError } from '@flink-ts/rest/client'
import t from 'tap'
import { startServer } from './start-server.js'
import { JOB_ID, runningJob, SINK_ID, SOURCE_ID } from './testing-gateways.js'

const graphOf = () => ({ executionGraph: Buffer.from(JSON.stringify(runningJob())) })

t.test('GET /overview answers under / and under /v1 with Flink’s fields', async (t) => {
  const { raw } = await startServer(t, {
    dispatcher: {
      requestClusterOverview: () => ({
        taskManagers: 2,
        slotsTotal: 4,
        slotsAvailable: 3,
        jobsRunningOrPending: 1,
        jobsFinished: 5,
        jobsCancelled: 6,
        jobsFailed: 7,
      }),
    },
  })
  const expected = {
    taskmanagers: 2,
    'slots-total': 4,
    'slots-available': 3,
    'jobs-running': 1,
    'jobs-finished': 5,
    'jobs-cancelled': 6,
    'jobs-failed': 7,
    'flink-version': '1.2.3',
    'flink-commit': 'abc',
  }

  for (const path of ['/overview', '/v1/overview']) {
    const { status, body } = await raw(path)
    t.equal(status, 200)
    t.strictSame(body, expected, path)
  }
})

t.test('an unknown path answers 404 in Flink’s words', async (t) => {
  const { raw } = await startServer(t)

  t.match(await raw('/nope'), {
    status: 404,
    body: { errors: ['Unable to load requested file /nope.'] },
  })
  t.match(await raw('/v2/overview'), { status: 404 })
  t.match(await raw('/overview', { method: 'POST' }), {
    status: 404,
    body: { errors: ['Not found: /overview'] },
  })
})

t.test('a Host that is no name of the server is refused: DNS rebinding', async (t) => {
  const { raw } = await startServer(t)

  const refused = await raw('/config', { headers: { Host: 'evil.example:8081' } })
  t.equal(refused.status, 403)
  t.match(refused.body, { errors: [/Host 'evil\.example' is not a name of this server/] })
  t.equal((await raw('/config', { headers: { Host: 'localhost:1' } })).status, 200)
  t.equal((await raw('/config', { headers: { Host: '[::1]:8081' } })).status, 200)
})

t.test('a foreign Origin is refused, for every method and before anything is read', async (t) => {
  const { raw } = await startServer(t)

  for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
    const { status } = await raw('/jobs', { method, headers: { Origin: 'http://evil.example' } })
    t.equal(status, 403, method)
  }
  t.equal((await raw('/config', { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 403)
})

t.test('pages of the server itself and a configured origin may call', async (t) => {
  const { raw, server } = await startServer(t, {
    configuration: { 'web.access-control-allow-origin': 'http://dash.example' },
  })
  const own = { Origin: `http://127.0.0.1:${server.port}`, Host: `127.0.0.1:${server.port}` }

  t.equal((await raw('/config', { headers: own })).status, 200)
  const allowed = await raw('/config', { headers: { Origin: 'http://dash.example' } })
  t.equal(allowed.status, 200)
  t.equal(allowed.headers['access-control-allow-origin'], 'http://dash.example')
})

t.test('without a leading Dispatcher calls answer 503', async (t) => {
  const { raw } = await startServer(t, { leaderless: true })

  for (const [method, path] of [
    ['GET', '/overview'],
    ['GET', '/jobs'],
    ['GET', `/jobs/${JOB_ID}`],
    ['PATCH', `/jobs/${JOB_ID}`],
    ['DELETE', '/cluster'],
  ] as const) {
    t.match(await raw(path, { method }), {
      status: 503,
      body: {
        errors: [
          'Service temporarily unavailable due to an ongoing leader election. Please refresh.',
        ],
      },
    })
  }
  t.match(await raw('/config'), { status: 200 }, 'what needs no leader is answered')
})

t.test('what a former leader refuses is answered with 503: the next one may do it', async (t) => {
  for (const code of [
    'FLINK_RPC_NOT_LEADER',
    'FLINK_RPC_FENCING_TOKEN',
    'FLINK_LEADERSHIP_LOST',
    'FLINK_RPC_RECIPIENT_UNREACHABLE',
  ]) {
    const refused = () => {
      throw new FlinkError('not any more', { code })
    }
    const { raw, client } = await startServer(t, {
      dispatcher: { requestJobStatus: refused, cancelJob: refused },
    })
    const { status, body } = await raw(`/jobs/${JOB_ID}/status`)
    t.equal(status, 503, code)
    t.strictSame(Object.keys(body), ['errors'])
    t.match(body['errors'], [/not any more/])
    t.match(await raw(`/jobs/${JOB_ID}`, { method: 'PATCH' }), { status: 503 }, code)
    t.match(await client.jobStatus(JOB_ID).catch((error) => error), { retriable: true }, code)
  }
})

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

t.test('POST /jobs stores the program and submits the graph with its key', async (t) => {
  const stored: string[] = []
  const submitted: unknown[] = []
  const { client, uploadFolder } = await startServer(t, {
    storeProgram: async (bytes) => {
      stored.push(`${Buffer.from(bytes)}`)
      return { key: 'e'.repeat(64), release: async () => void stored.push('released') }
    },
    dispatcher: {
      submitJob: ({ jobGraph }: { jobGraph: Uint8Array }) => {
        submitted.push(JSON.parse(Buffer.from(jobGraph).toString()))
        stored.push('submitted')
        return {}
      },
    },
  })

  await client.submitJob(
    JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } }),
    Buffer.from('the bundle'),
  )

  t.strictSame(stored, ['the bundle', 'submitted', 'released'])
  t.strictSame(submitted, [
    { jobId: JOB_ID, program: { programName: 'p.ts', bundleKey: 'e'.repeat(64) } },
  ])
  t.strictSame(readdirSync(uploadFolder), [], 'uploads are removed')
})

t.test('POST /jobs lets go of a program whose job was refused', async (t) => {
  let released = 0
  const { client } = await startServer(t, {
    storeProgram: async () => ({ key: 'e'.repeat(64), release: async () => void released++ }),
    dispatcher: {
      submitJob: () => {
        throw new FlinkError('has already been submitted', { code: 'FLINK_INVALID_JOB_GRAPH' })
      },
    },
  })
  const graph = JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } })

  await t.rejects(client.submitJob(graph, Buffer.from('x')), {
    statusCode: 400,
    message: /already/,
  })
  t.equal(released, 1)
})

t.test('POST /jobs answers 413 to a program that is larger than BLOBs may be', async (t) => {
  const { client } = await startServer(t, {
    storeProgram: () =>
      Promise.reject(new FlinkError('more than a blob may have', { code: 'FLINK_BLOB_TOO_LARGE' })),
  })
  const graph = JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } })
  await t.rejects(client.submitJob(graph, Buffer.from('x')), { statusCode: 413, message: /413/ })
})

t.test('POST /jobs answers 503 while nobody can keep programs', async (t) => {
  const { client } = await startServer(t, { storeProgram: () => undefined })
  const graph = JSON.stringify({ jobId: JOB_ID, program: { programName: 'p.ts' } })

  await t.rejects(client.submitJob(graph, Buffer.from('x')), {
    statusCode: 503,
    message: /temporarily unavailable/,
  })
})

t.test(
  'RestServerEndpoint.close does not wait for ever for a request that never ends',
  async (t) => {
    const clock = new ManualClock()
    const { server } = await startServer(t, { clock })
    const call = httpRequest({
      host: '127.0.0.1',
      port: server.port,
      method: 'POST',
      path: '/jobs',
    })
    const broken = new Promise((resolve) => call.on('error', resolve))
    const content = { 'Content-Type': 'application/json', 'Content-Length': '100' }
    for (const [name, value] of Object.entries(content)) call.setHeader(name, value)
    call.setHeader('Expect', '100-continue')
    // The server answers when its handler has begun to read.
    const reading = new Promise((resolve) => call.on('continue', resolve))
    call.flushHeaders()
    await reading

    const closed = server.close()
    clock.advance(3000)

    await closed
    await broken
  },
)

t.test('POST /jobs refuses what is no submission and leaves nothing behind', async (t) => {
  const { client, raw, uploadFolder } = await startServer(t)
  const json = { 'Content-Type': 'application/json' }

  await t.rejects(client.submitJob('no json', undefined), {
    statusCode: 400,
    message: /is not JSON/,
  })
  await t.rejects(client.submitJob('{"jobId":"x"}', undefined), { statusCode: 400, message: /32/ })
  t.equal((await raw('/jobs', { method: 'POST', headers: json, body: '{}' })).status, 400)
  t.equal((await raw('/jobs', { method: 'POST', headers: json, body: '{nope' })).status, 400)
  const garbage = { 'Content-Type': 'multipart/form-data; boundary=x' }
  t.equal((await raw('/jobs', { method: 'POST', headers: garbage, body: 'garbage' })).status, 400)
  t.strictSame(readdirSync(uploadFolder), [])
})

t.test('a body over rest.server.max-content-length answers 413', async (t) => {
  const { raw, client } = await startServer(t, {
    configuration: { 'rest.server.max-content-length': '1000' },
  })
  const body = JSON.stringify({ expiredTimestamp: 1, filler: 'x'.repeat(2000) })

  const refused = await raw(`/jobs/${JOB_ID}/clientHeartbeat`, {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/json' },
    body,
  })
  t.equal(refused.status, 413)
  await t.rejects(client.submitJob('x'.repeat(5000), undefined), {
    statusCode: 413,
    message: /larger than/,
  })
})

t.test('GET /taskmanagers/:id of an unknown TaskManager answers 404 and names it', async (t) => {
  const { raw } = await startServer(t, {
    resourceManager: { requestTaskManagers: () => ({ taskManagers: [] }) },
  })

  t.match(await raw('/taskmanagers/none'), {
    status: 404,
    body: { errors: ['No TaskExecutor registered under none.'] },
  })
})

t.test('GET /jobmanager/config hides secrets', async (t) => {
  const { client } = await startServer(t, {
    configuration: { 'security.ssl.internal.key-password': 'geheim' },
  })

  const entries = await client.clusterConfiguration()

  t.strictSame(
    entries.find(({ key }) => key === 'security.ssl.internal.key-password')?.value,
    '******',
  )
})

t.test(
  'an unexpected error answers 500 with Flink’s two strings and without our stack',
  async (t) => {
    const { raw } = await startServer(t, {
      dispatcher: {
        listJobs: () => {
          throw new FlinkError('something broke', {
            code: 'FLINK_TESTING',
            cause: new Error('this did'),
          })
        },
      },
    })

    const { status, body } = await raw('/jobs')
    t.equal(status, 500)
    t.match(body['errors'], [
      'Internal server error.',
      /FlinkError \[FLINK_TESTING\]: something broke\nCaused by: Error: this did\n/,
    ])
    t.notMatch(JSON.stringify(body), /node_modules|\.js:\d+/)
  },
)

t.test('executionResult is undefined until the job has ended', async (t) => {
  let calls = 0
  const { client } = await startServer(t, {
    dispatcher: {
      requestJobResult: () => {
        calls++
        if (calls < 2) return {}
        return {
          result: {
            jobId: JOB_ID,
            name: 'a job',
            status: 'FAILED',
            startTimeMs: 10,
            endTimeMs: 30,
            failureCause: { name: 'JobException', message: 'Recovery is suppressed' },
            accumulators: [],
          },
        }
      },
    },
  })

  t.equal(await client.executionResult(JOB_ID), undefined)
  const result = await client.executionResult(JOB_ID)

  t.match(result, {
    'application-status': 'FAILED',
    'net-runtime': 20,
    'failure-cause': { class: 'JobException' },
  })
})

t.test('the client says that nobody listens, or that who answers is no Flink', async (t) => {
  const stranger = createServer((_request, response) => response.end('hi'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const { port } = stranger.address() as { port: number }
  const client = new RestClusterClient({ address: `127.0.0.1:${port}`, clock: new SystemClock() })

  await t.rejects(client.listJobs(), { message: /is no Flink REST endpoint/ })
  stranger.closeAllConnections()
  await new Promise((resolve) => stranger.close(resolve))
  const error = await client.listJobs().catch((cause: unknown) => cause)
  t.ok(error instanceof RestConnectionError)
  t.notOk(error instanceof RestClientError)
  t.match((error as Error).message, /connection refused: no JobManager listens there/)
})

t.test('the client says in one line that a port is another one than that of REST', async (t) => {
  for (const answer of ['', 'no HTTP at all\n']) {
    const stranger = createNetServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
    const { port } = stranger.address() as { port: number }
    const client = new RestClusterClient({ address: `127.0.0.1:${port}`, clock: new SystemClock() })
    const error = (await client.listJobs().catch((cause: unknown) => cause)) as Error
    t.match(error.message, /: what listens there .* port is not that of REST \(rest\.port\)$/)
    t.equal(error.cause, undefined)
    await new Promise((resolve) => stranger.close(resolve))
  }
})

t.test('an address that is not of this machine is told with its key', async (t) => {
  for (const address of ['192.0.2.1', 'no.such.host.invalid']) {
    await t.rejects(startServer(t, { configuration: { 'rest.bind-address': address } }), {
      code: 'FLINK_REST_BIND_FAILED',
      message: /^Cannot listen on .*; set rest\.bind-address to an address of this machine/,
    })
  }
})

t.test('a taken port is one error that names port and key', async (t) => {
  const { server } = await startServer(t)

  const second = new RestServerEndpoint({
    configuration: Configuration.fromMap({ 'rest.port': String(server.port) }),
    clock: new SystemClock(),
    random: new SystemRandom(),
    log: noopLogger,
    dispatcher: () => undefined,
    resourceManager: () => undefined,
    storeProgram: () => undefined,
    version: { version: '', commit: '', revision: '' },
    uploadFolder: mkdtempSync(join(tmpdir(), 'flink-rest-test-')),
  })
  t.teardown(() => second.close())

  await t.rejects(second.start(), {
    code: 'FLINK_PORT_IN_USE',
    message: new RegExp(`port ${server.port} in use; .* rest\\.port`),
  })
})
