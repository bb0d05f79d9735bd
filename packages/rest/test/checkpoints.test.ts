import { FlinkError, SystemClock, serializeError } from '@flink-ts/core'
import { RestClientError, RestClusterClient } from '@flink-ts/rest/client'
import t, { type Test } from 'tap'
import { startServer } from './start-server.js'
import { JOB_ID, runningJob, SINK_ID } from './testing-gateways.js'

const TRIGGER_ID = 'e'.repeat(32)
const NO_JOB = '0'.repeat(32)
const FAILURE = serializeError(
  new FlinkError('Checkpoint 3 failed', {
    code: 'FLINK_CHECKPOINT_FAILED',
    cause: new RangeError('no'),
  }),
)

type Answer = (request: Record<string, unknown>) => unknown

/** A server whose Dispatcher notes what it is asked, and answers operations with `operation`. */
async function start(
  t: Test,
  options: {
    operation?: Answer
    statistics?: Answer
    jobKeys?: Record<string, string>
    configuration?: Record<string, string>
  } = {},
) {
  const asked: [string, unknown][] = []
  const noted =
    (name: string, answer: Answer): Answer =>
    (request) => {
      if (request['jobId'] === NO_JOB) {
        throw new FlinkError(`Could not find Flink job (${NO_JOB})`, {
          code: 'FLINK_JOB_NOT_FOUND',
        })
      }
      asked.push([name, request])
      return answer(request)
    }
  const begin = (name: string) => noted(name, () => ({}))
  const server = await startServer(t, {
    configuration: options.configuration ?? { 'execution.checkpointing.savepoint-dir': '/s' },
    dispatcher: {
      triggerSavepoint: begin('savepoint'),
      stopWithSavepoint: begin('stop'),
      triggerManualCheckpoint: begin('checkpoint'),
      disposeSavepoint: begin('dispose'),
      requestTriggeredOperation: noted('operation', options.operation ?? (() => ({}))),
      requestCheckpointStatistics: noted('statistics', options.statistics ?? (() => ({}))),
      requestJob: noted('job', () => {
        const job = runningJob()
        const jobGraph = { ...job.jobGraph, configuration: options.jobKeys ?? {} }
        return { executionGraph: Buffer.from(JSON.stringify({ ...job, jobGraph })) }
      }),
    },
  })
  const post = (path: string, body: unknown) =>
    server.raw(path, { method: 'POST', body: JSON.stringify(body) })
  return { ...server, asked, post }
}

t.test(
  'POST …/savepoints, …/stop, …/checkpoints begin an operation with Flink’s fields',
  async (t) => {
    const { post, asked } = await start(t)
    const calls: [string, unknown, [string, unknown]][] = [
      [
        'savepoints',
        { 'target-directory': '/x', 'cancel-job': true, formatType: 'NATIVE' },
        ['savepoint', { targetDirectory: '/x', cancelJob: true, formatType: 'NATIVE' }],
      ],
      ['savepoints', {}, ['savepoint', { cancelJob: false, formatType: 'CANONICAL' }]],
      [
        'stop',
        { targetDirectory: '/x', drain: true },
        ['stop', { targetDirectory: '/x', drain: true, formatType: 'CANONICAL' }],
      ],
      ['stop', { drain: null }, ['stop', { drain: false }]],
      ['checkpoints', { checkpointType: 'FULL' }, ['checkpoint', { checkpointType: 'FULL' }]],
      ['checkpoints', {}, ['checkpoint', { checkpointType: 'CONFIGURED' }]],
    ]
    for (const [path, request, expected] of calls) {
      const { status, body } = await post(`/jobs/${JOB_ID}/${path}`, request)
      t.equal(status, 202)
      t.match(body['request-id'], /^[0-9a-f]{32}$/)
      t.match(asked.at(-1), [expected[0], { jobId: JOB_ID, triggerId: body['request-id'] }])
      t.match(asked.at(-1), expected)
    }
    t.notOk('targetDirectory' in (asked[1]![1] as object), 'the JobMaster knows the configured one')
    const given = await post(`/jobs/${JOB_ID}/stop`, { triggerId: TRIGGER_ID.toUpperCase() })
    t.strictSame(given.body, { 'request-id': TRIGGER_ID }, 'the caller’s id, if it has one')
  },
)

t.test('operations: bodies that are not as expected are refused by field', async (t) => {
  const { post, asked } = await start(t)
  const calls: [string, unknown, RegExp][] = [
    [
      'savepoints',
      { targetDirectory: '/x' },
      /no field "targetDirectory"; known are target-direct/,
    ],
    ['savepoints', { 'cancel-job': 'yes' }, /"cancel-job" is "yes"; expected a boolean/],
    [
      'savepoints',
      { formatType: 'PARQUET' },
      /"formatType" is "PARQUET"; expected CANONICAL or NAT/,
    ],
    ['stop', { targetDirectory: '' }, /"targetDirectory" is ""; expected a string/],
    ['stop', { triggerId: 'x' }, /"triggerId" is "x"; expected 32 hexadecimal digits/],
    ['checkpoints', { checkpointType: 'HALF' }, /expected CONFIGURED or FULL or INCREMENTAL/],
    ['checkpoints', [], /expected a JSON object/],
  ]
  for (const [path, request, message] of calls) {
    const { status, body } = await post(`/jobs/${JOB_ID}/${path}`, request)
    t.equal(status, 400)
    t.match(body['errors'], [message])
  }
  t.match(await post('/jobs/x/savepoints', {}), { status: 400 })
  for (const path of ['savepoints', 'stop', 'checkpoints']) {
    t.match(await post(`/jobs/${NO_JOB}/${path}`, {}), { status: 404 })
  }
  t.match(await post('/savepoint-disposal', {}), {
    status: 400,
    body: { errors: ['A path is required to dispose a savepoint.'] },
  })
  t.strictSame(asked, [])
})

t.test(
  'savepoints without a folder: the job may have one, else 400 in Flink’s words',
  async (t) => {
    const key = 'execution.checkpointing.savepoint-dir'
    const without = await start(t, { configuration: {} })
    for (const [path, property] of [
      ['savepoints', 'target-directory'],
      ['stop', 'targetDirectory'],
    ]) {
      t.match(await without.post(`/jobs/${JOB_ID}/${path}`, {}), {
        status: 400,
        body: {
          errors: [`Config key [${key}] is not set. Property [${property}] must be provided.`],
        },
      })
      const named = { [property!]: '/x' }
      t.match(await without.post(`/jobs/${JOB_ID}/${path}`, named), { status: 202 })
    }
    const ofJob = await start(t, { configuration: {}, jobKeys: { [key]: '/of-job' } })
    t.match(await ofJob.post(`/jobs/${JOB_ID}/savepoints`, {}), { status: 202 })
  },
)

t.test(
  'GET …/savepoints/:triggerid, …/checkpoints/:triggerid, /savepoint-disposal/:triggerid',
  async (t) => {
    let operation: unknown = { status: 'IN_PROGRESS' }
    const { raw, post, asked } = await start(t, { operation: () => operation })
    const paths = [
      `/jobs/${JOB_ID}/savepoints/${TRIGGER_ID}`,
      `/jobs/${JOB_ID}/checkpoints/${TRIGGER_ID}`,
      `/savepoint-disposal/${TRIGGER_ID}`,
    ]
    const operations = () => Promise.all(paths.map(async (path) => (await raw(path)).body))
    const inProgress = { status: { id: 'IN_PROGRESS' }, operation: null }
    t.strictSame(await operations(), [inProgress, inProgress, inProgress])
    operation = { status: 'COMPLETED', location: '/s/savepoint-1', checkpointId: 7 }
    const [savepoint, checkpoint] = await operations()
    t.strictSame(savepoint, {
      status: { id: 'COMPLETED' },
      operation: { location: '/s/savepoint-1' },
    })
    t.strictSame(checkpoint, { status: { id: 'COMPLETED' }, operation: { checkpointId: 7 } })
    operation = { status: 'COMPLETED', failureCause: FAILURE }
    const throwable = {
      class: 'FlinkError',
      'stack-trace':
        /\[FLINK_CHECKPOINT_FAILED\]: Checkpoint 3 failed[\s\S]*Caused by: RangeError: no/,
    }
    t.match(await operations(), [
      { operation: { 'failure-cause': throwable } },
      { operation: { failureCause: throwable } },
      { operation: { 'failure-cause': throwable } },
    ])
    operation = { status: 'COMPLETED' }
    t.strictSame((await operations())[2], { status: { id: 'COMPLETED' }, operation: {} })
    t.match(await post('/savepoint-disposal', { 'savepoint-path': '/s/1' }), { status: 200 })
    t.match(asked.at(-1), ['dispose', { savepointPath: '/s/1' }])
  },
)

t.test('an operation that nobody knows is not found', async (t) => {
  const { raw } = await start(t, {
    operation: () => {
      throw new FlinkError('There is no operation', { code: 'FLINK_OPERATION_NOT_FOUND' })
    },
  })
  t.match(await raw(`/jobs/${JOB_ID}/savepoints/${TRIGGER_ID}`), {
    status: 404,
    body: { errors: [/There is no operation/] },
  })
})

t.test('GET …/checkpoints, …/config, …/details show what the JobMaster tells', async (t) => {
  let known = true
  const { raw, asked } = await start(t, {
    statistics: ({ kind }) => (known ? { json: Buffer.from(JSON.stringify({ kind })) } : {}),
  })
  const base = `/jobs/${JOB_ID}/checkpoints`
  const calls: [string, object, RegExp][] = [
    [base, { kind: 'OVERVIEW' }, /Checkpointing has not been enabled/],
    [`${base}/config`, { kind: 'CONFIG' }, /Checkpointing has not been enabled/],
    [`${base}/details/7`, { kind: 'DETAILS', checkpointId: 7 }, /for checkpoint 7\./],
    [
      `${base}/details/7/subtasks/${SINK_ID}`,
      { kind: 'SUBTASKS', checkpointId: 7, vertexId: SINK_ID },
      new RegExp(`checkpoint 7 for task ${SINK_ID}`),
    ],
  ]
  for (const [path, request, missing] of calls) {
    known = true
    t.match(await raw(path), { status: 200, body: { kind: (request as { kind: string }).kind } })
    t.match(asked.at(-1), ['statistics', { jobId: JOB_ID, ...request }])
    known = false
    t.match(await raw(path), { status: 404, body: { errors: [missing] } })
  }
  t.match(await raw(`${base}/details/x`), { status: 400 })
  t.match(await raw(`/jobs/${NO_JOB}/checkpoints`), { status: 404 })
})

t.test('RestClusterClient waits for savepoints, checkpoints and disposals', async (t) => {
  let polls = 0
  let outcome: unknown = { status: 'COMPLETED', location: '/s/savepoint-1', checkpointId: 7 }
  const { client, asked } = await start(t, {
    operation: () => (++polls % 3 === 0 ? outcome : { status: 'IN_PROGRESS' }),
  })
  const savepoint = await client.triggerSavepoint(JOB_ID, { 'target-directory': '/x' })
  t.equal(await client.savepoint(JOB_ID, savepoint), '/s/savepoint-1')
  t.equal(polls, 3)
  const checkpoint = await client.triggerCheckpoint(JOB_ID, 'FULL')
  t.equal(await client.checkpoint(JOB_ID, checkpoint), 7)
  await client.disposeSavepoint('/s/1')
  outcome = { status: 'COMPLETED', failureCause: FAILURE }
  const stop = await client.stopWithSavepoint(JOB_ID, { drain: true })
  await t.rejects(client.savepoint(JOB_ID, stop), {
    code: 'FLINK_OPERATION_FAILED',
    message: `A savepoint of job ${JOB_ID} failed`,
    cause: { code: 'FLINK_CHECKPOINT_FAILED', cause: { name: 'RangeError' } },
  })
  await t.rejects(client.disposeSavepoint('/s/1'), {
    message: "The disposal of savepoint '/s/1' failed",
  })
  await t.rejects(client.checkpoint(NO_JOB, checkpoint), RestClientError)
  t.match(
    asked.filter(([name]) => name !== 'operation').map(([name]) => name),
    ['savepoint', 'checkpoint', 'dispose', 'stop', 'dispose'],
  )
})

t.test('RestClusterClient: a request that is repeated is known by its id', async (t) => {
  const ids = new Set<unknown>()
  let calls = 0
  const { server } = await startServer(t, {
    configuration: { 'execution.checkpointing.savepoint-dir': '/s' },
    dispatcher: {
      triggerSavepoint: ({ triggerId }: { triggerId: string }) => {
        ids.add(triggerId)
        if (++calls < 3) throw new FlinkError('not yet', { code: 'FLINK_RPC_NOT_LEADER' })
        return {}
      },
    },
  })
  const client = new RestClusterClient({
    address: server.address,
    clock: new SystemClock(),
    retries: 2,
    retryDelayMs: 1,
  })
  t.ok(ids.has(await client.triggerSavepoint(JOB_ID)) && ids.size === 1)
  t.equal(calls, 3)
})
