import { connect } from 'node:net'
import { SystemClock, serializeError } from '@flink-ts/core'
import { ClusterSecret, restToken } from '@flink-ts/core/security'
import { RestClusterClient } from '@flink-ts/rest/client'
import t from 'tap'
import {
  AUTHENTICATION,
  overview,
  recording,
  secret,
  startClosed,
  token,
} from './authenticated-server.js'
import { DecidedElection } from './decided-election.js'
import { startServer } from './start-server.js'

const bearer = { Authorization: `Bearer ${token}` }

const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

/** Sends text, and reads until the server closes. */
async function converse(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(text)
  let answer = ''
  for await (const bytes of socket) answer += bytes
  return answer
}

t.test('restToken is the same for a secret, another for each, and not the secret', async (t) => {
  t.match(token, /^[0-9a-f]{64}$/)
  t.equal(restToken(ClusterSecret.fromText('s'.repeat(40), 'elsewhere')), token)
  t.not(restToken(ClusterSecret.random()), token)
  // HMAC-SHA256 of 'flink-ts rest v1', as other clients compute it.
  t.equal(token, secret.prove([Buffer.from('flink-ts rest v1')]).toString('hex'))
})

t.test(
  'RestServerEndpoint answers those who show the token, as Bearer or as a password',
  async (t) => {
    const { raw } = await startClosed(t)

    const accepted = [
      bearer,
      { Authorization: `bearer  ${token}` },
      basic('flink', token),
      basic('', token),
    ]
    for (const headers of accepted) {
      t.match(await raw('/overview', { headers }), { status: 200, body: { taskmanagers: 3 } })
    }
  },
)

t.test('RestServerEndpoint tells strangers nothing but that they are', async (t) => {
  let asked = 0
  const { raw } = await startClosed(t, {
    dispatcher: {
      requestClusterOverview: () => {
        asked++
        return overview
      },
    },
  })

  const strange = [
    {},
    { Authorization: '' },
    { Authorization: token },
    { Authorization: 'Bearer ' },
    { Authorization: `Bearer ${token.slice(1)}` },
    { Authorization: `Bearer ${token}${token}` },
    { Authorization: `Bearer ${token.toUpperCase()}` },
    { Authorization: `Bearer ${restToken(ClusterSecret.random())}` },
    { Authorization: `Bearer ${'a'.repeat(5000)}` },
    { Authorization: `Digest ${token}` },
    { Authorization: 'Basic %%%' },
    basic(token, ''),
    basic('flink', restToken(ClusterSecret.random())),
  ]
  const answers = []
  for (const headers of strange) answers.push(await raw('/overview', { headers }))
  for (const [path, method] of [
    ['/', 'POST'],
    ['/?', 'GET'],
    ['/no/such/path', 'GET'],
    ['/overview', 'OPTIONS'],
    ['/overview', 'HEAD'],
    ['/jobs', 'POST'],
    ['/jobs', 'PURGE'],
    ['/cluster', 'DELETE'],
    ['/jars/upload', 'POST'],
    ['//', 'GET'],
    ['/%zz', 'GET'],
  ] as const) {
    answers.push(await raw(path, { method, headers: { Expect: 'nothing' } }))
  }
  for (const { status, headers, body } of answers) {
    t.equal(status, 401)
    t.equal(headers['www-authenticate'], 'Basic realm="flink-ts", charset="UTF-8"')
    t.ok(Object.keys(body).length === 0 || /its secret/.test(String(body['errors'])))
  }
  t.equal(asked, 0)
})

t.test('GET / says to everybody what this is, and nothing of the cluster', async (t) => {
  let asked = 0
  const { server } = await startClosed(t, {
    dispatcher: {
      requestClusterOverview: () => {
        asked++
        return overview
      },
    },
  })
  const answer = await fetch(`http://127.0.0.1:${server.port}/`)
  t.equal(answer.status, 200)
  t.match(answer.headers.get('content-type'), /^text\/plain/)
  t.match(await answer.text(), /REST endpoint of a JobManager.*no web pages.*rest-token/s)
  const head = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'HEAD' })
  t.same([head.status, await head.text()], [200, ''])
  t.equal((await fetch(`http://127.0.0.1:${server.port}/overview`)).status, 401)
  t.equal(asked, 0)
})

t.test('RestServerEndpoint reads no body of a stranger, and does not ask for it', async (t) => {
  const { server } = await startClosed(t)

  const head = `POST /jobs HTTP/1.1\r\nHost: ${server.address}\r\nContent-Length: 1000000\r\n`
  const refused = await converse(server.port, `${head}Expect: 100-continue\r\n\r\n`)
  t.match(refused, /^HTTP\/1\.1 401 /)
  t.match(refused, /\r\nconnection: close\r\n/i)

  const multipart = 'Content-Type: multipart/form-data; boundary=b\r\n'
  t.match(await converse(server.port, `${head}${multipart}\r\n--b\r\n`), /^HTTP\/1\.1 401 /)
})

t.test('RestServerEndpoint asks owners for the body that they announce', async (t) => {
  const { server } = await startClosed(t)

  const socket = connect(server.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write(
    `POST /jobs HTTP/1.1\r\nHost: ${server.address}\r\nAuthorization: Bearer ${token}\r\n` +
      'Connection: close\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
  )
  let answer = ''
  for await (const bytes of socket) {
    answer += bytes
    if (answer.endsWith('100 Continue\r\n\r\n')) socket.write('{}')
  }
  t.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /)
})

t.test('RestServerEndpoint refuses foreign pages whoever they make a browser be', async (t) => {
  const { raw } = await startClosed(t)

  for (const foreign of [{ Origin: 'http://evil.example' }, { Host: 'evil.example' }]) {
    for (const credentials of [{}, bearer, basic('flink', token)]) {
      const { status, headers } = await raw('/overview', {
        headers: { ...foreign, ...credentials },
      })
      t.equal(status, 403)
      t.equal(headers['www-authenticate'], undefined, 'no browser asks for a password')
    }
  }
})

t.test(
  'pages that may call need the token themselves: what a browser remembers does not count',
  async (t) => {
    const { raw, server } = await startClosed(t, {
      configuration: { 'web.access-control-allow-origin': '*' },
    })

    const origins = [
      { Origin: 'http://evil.example' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { Origin: `http://127.0.0.1:${server.port + 1}`, 'Sec-Fetch-Site': 'same-site' },
    ]
    for (const origin of origins) {
      const remembered = { ...origin, ...basic('flink', token) }
      t.equal((await raw('/overview', { headers: remembered })).status, 401)
      t.equal((await raw('/overview', { headers: { ...origin, ...bearer } })).status, 200)
    }
    const own = { Origin: `http://127.0.0.1:${server.port}`, 'Sec-Fetch-Site': 'same-origin' }
    t.equal((await raw('/overview', { headers: { ...own, ...basic('flink', token) } })).status, 200)
  },
)

t.test('RestServerEndpoint logs a stranger once, and nobody’s credentials', async (t) => {
  const { log, lines } = recording()
  const { raw } = await startClosed(t, { log })

  const other = restToken(ClusterSecret.random())
  const asking = { 'flink-ts-prove': 'a'.repeat(64) }
  const isRefused = (line: string) => line.includes('Refused')
  await raw('/overview', { headers: asking })
  t.notOk(lines.some(isRefused), 'a client that asks whom it talks to')
  await raw('/overview', { headers: { ...asking, Authorization: `Bearer ${other}` } })
  t.equal(lines.filter(isRefused).length, 1, 'who asks, and tries a token')
  for (let i = 0; i < 3; i++) {
    await raw('/overview')
    await raw('/overview', { headers: { Authorization: `Bearer ${other}` } })
    await raw('/overview', { headers: bearer })
    await raw('/jobs', { method: 'POST', headers: bearer, body: 'no JSON' })
  }
  t.strictSame(
    lines.filter(isRefused).map((line) => line.split(' {')[0]),
    ['Refused a REST request with wrong credentials', 'Refused a REST request with no credentials'],
  )
  t.notMatch(lines.join('\n'), new RegExp(`${token}|${other}|s{40}`))
})

t.test('without security.rest.authentication.enabled nobody is asked', async (t) => {
  const { raw } = await startServer(t, {
    secret,
    dispatcher: { requestClusterOverview: () => overview },
  })
  t.equal((await raw('/overview')).status, 200)
  t.equal((await raw('/overview', { headers: basic('a', 'b') })).status, 200)
})

t.test('RestServerEndpoint with authentication and no secret does not begin', async (t) => {
  await t.rejects(startServer(t, { configuration: AUTHENTICATION }), { code: 'ERR_ASSERTION' })
})

t.test('a standby asks first, and passes on what the leader asks for', async (t) => {
  const election = new DecidedElection()
  const pair = []
  let asked = 0
  for (let i = 0; i < 2; i++) {
    pair.push(
      await startClosed(t, {
        highAvailability: election.services(),
        leaderless: i === 1,
        dispatcher: {
          requestClusterOverview: () => {
            asked++
            return overview
          },
        },
      }),
    )
  }
  const [, standby] = pair
  election.grant(0)
  t.match(await standby!.raw('/overview', { headers: bearer }), { status: 200 })
  t.equal(asked, 1)

  // Nobody is asked on behalf of a stranger.
  election.publish(undefined)
  t.match(await standby!.raw('/overview'), { status: 401 })
  t.match(await standby!.raw('/overview', { headers: bearer }), { status: 503 })
})

t.test('a leader asks, too: a standby that believes everybody opens no door', async (t) => {
  const election = new DecidedElection()
  await startClosed(t, { highAvailability: election.services() })
  const open = await startServer(t, { leaderless: true, highAvailability: election.services() })
  election.grant(0)

  t.match(await open.raw('/overview'), {
    status: 401,
    headers: { 'www-authenticate': /Basic/ },
  })
  t.match(await open.raw('/overview', { headers: bearer }), { status: 200 })
})

t.test('RestClusterClient with the secret calls, submits, and follows', async (t) => {
  const submitted: string[] = []
  const { server } = await startClosed(t, {
    dispatcher: {
      requestClusterOverview: () => overview,
      submitJob: ({ jobGraph }: { jobGraph: Uint8Array }) => {
        submitted.push(JSON.parse(Buffer.from(jobGraph).toString()).jobId)
        return {}
      },
    },
  })
  const client = new RestClusterClient({
    address: server.address,
    clock: new SystemClock(),
    secret,
  })

  t.match(await client.clusterOverview(), { taskmanagers: 3 })
  await client.submitJob(JSON.stringify({ jobId: '1'.repeat(32), program: {} }), Buffer.from('x'))
  t.strictSame(submitted, ['1'.repeat(32)])
})

t.test('RestClusterClient says once and clearly that it is not believed', async (t) => {
  const { server } = await startClosed(t)
  const options = { address: server.address, clock: new SystemClock(), retries: 5 }

  const without = new RestClusterClient(options)
  await t.rejects(without.clusterOverview(), {
    code: 'FLINK_REST_UNAUTHORIZED',
    message: /has none to show: copy the cluster-secret .* or set security\.cluster\.secret-file/,
  })
  const other = ClusterSecret.fromText('o'.repeat(40), '/conf/cluster-secret')
  const wrong = new RestClusterClient({ ...options, secret: other })
  const error = await wrong.clusterOverview().catch((cause: unknown) => cause)
  t.match(error, {
    code: 'FLINK_REST_UNAUTHORIZED',
    message: /does not accept the cluster secret of \/conf\/cluster-secret: it is that of another/,
  })
  t.notMatch(JSON.stringify(serializeError(error)), /o{40}/)
})

t.test('errors of the connection hold no credentials', async (t) => {
  const client = new RestClusterClient({
    address: 'localhost:1',
    // Not a path: the library refuses it in words of its own.
    urlPrefix: '/\u0000',
    clock: new SystemClock(),
    secret,
  })
  const error = await client.clusterOverview().catch((cause: unknown) => cause)
  t.ok(error instanceof Error)
  t.notMatch(JSON.stringify(serializeError(error)), new RegExp(token))
  const { inspect } = await import('node:util')
  t.notMatch(inspect(error, { depth: 20 }), new RegExp(token))
})
