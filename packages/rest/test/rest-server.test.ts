import { mkdtempSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Configuration, FlinkError, noopLogger, SystemClock, SystemRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { RestServerEndpoint } from '@flink-ts/rest'
import t from 'tap'
import { startServer } from './start-server.js'
import { JOB_ID } from './testing-gateways.js'

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
