import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { noopLogger, SystemRandom } from '@flink-ts/core'
import t, { type Test } from 'tap'
import { StandbyProxy } from '../dist/server/standby-proxy.js'
import { DecidedElection } from './decided-election.js'
import { startServer } from './start-server.js'

async function startPair(t: Test, options: Parameters<typeof startServer>[1] = {}) {
  const election = new DecidedElection()
  const leader = await startServer(t, { ...options, highAvailability: election.services() })
  const standby = await startServer(t, {
    leaderless: true,
    highAvailability: election.services(),
  })
  return { election, leader, standby }
}

async function listen(t: Test, server: Server | ReturnType<typeof createTcpServer>) {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const overview = {
  taskManagers: 3,
  slotsTotal: 4,
  slotsAvailable: 3,
  jobsRunningOrPending: 1,
  jobsFinished: 0,
  jobsCancelled: 0,
  jobsFailed: 0,
}

t.test('a standby answers what the leader answers, errors too', async (t) => {
  const { election, leader, standby } = await startPair(t, {
    dispatcher: { requestClusterOverview: () => overview },
  })
  election.grant(0)

  const answers = [await leader.raw('/v1/overview'), await standby.raw('/v1/overview')]
  t.match(answers[1], { status: 200, body: { taskmanagers: 3 } })
  t.strictSame(answers[1]!.body, answers[0]!.body)
  t.match(await standby.raw('/nope'), { status: 404, body: { errors: [/Unable to load/] } })
})

t.test('a submission through a standby brings its files to the leader', async (t) => {
  const programs: string[] = []
  const graphs: string[] = []
  const { election, standby } = await startPair(t, {
    storeProgram: async (bytes) => {
      programs.push(`${bytes.length}`)
      return { key: 'a'.repeat(64), release: async () => {} }
    },
    dispatcher: {
      submitJob: ({ jobGraph }: { jobGraph: Uint8Array }) => {
        graphs.push(JSON.parse(Buffer.from(jobGraph).toString()).jobId)
        return {}
      },
    },
  })
  election.grant(0)

  const jobId = '1'.repeat(32)
  await standby.client.submitJob(
    JSON.stringify({ jobId, program: {} }),
    new Uint8Array(3_000_000).fill(65),
  )
  t.strictSame(graphs, [jobId])
  t.strictSame(programs, ['3000000'])
})

t.test('without a leader a standby answers 503 with a code and Retry-After', async (t) => {
  const { election, standby } = await startPair(t)

  const refused = await standby.raw('/overview')
  t.match(refused, { status: 503, body: { errors: [/FLINK_REST_NO_LEADER/] } })
  t.equal(refused.headers['retry-after'], '1')

  election.grant(0)
  election.revoke(0)
  election.publish(undefined)
  t.match(await standby.raw('/overview'), { status: 503 })
})

t.test('a leader that cannot be reached is told as such: nothing was done', async (t) => {
  const { election, standby } = await startPair(t)
  const gone = createServer()
  const url = await listen(t, gone)
  await new Promise((resolve) => gone.close(resolve))
  election.publishUrl(url)

  const refused = await standby.raw('/jobs', { method: 'POST', body: '{}' })
  t.match(refused, {
    status: 503,
    body: { errors: [/FLINK_REST_LEADER_UNREACHABLE.*cannot reach/] },
  })
  t.equal(refused.headers['retry-after'], '1')
})

t.test('a leader that breaks off in the middle is 502: nobody knows what it did', async (t) => {
  const { election, standby } = await startPair(t)
  const sockets: Socket[] = []
  const breaking = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.once('data', () => socket.destroy())
  })
  election.publishUrl(await listen(t, breaking))

  const { status, body } = await standby.raw('/jobs', { method: 'POST', body: '{}' })
  t.equal(status, 502)
  t.match(body, { errors: [/FLINK_REST_LEADER_LOST.*not known/] })
})

t.test('a request that waits for a frozen leader is given up when another one leads', async (t) => {
  const { election, leader, standby } = await startPair(t)
  const frozen = createServer()
  const asked = new Promise<ServerResponse>((resolve) =>
    frozen.once('request', (_request, response) => resolve(response)),
  )
  election.publishUrl(await listen(t, frozen))

  const waiting = standby.raw('/overview')
  await asked
  election.grant(0)
  t.match(await waiting, { status: 502 })
  t.ok(leader.server.port)
})

t.test(
  'a request is passed on once: standbys that take each other for the leader do not turn in circles',
  async (t) => {
    const { election, leader, standby } = await startPair(t)
    election.publishUrl(`http://${leader.server.address}`)

    t.match(await standby.raw('/overview'), {
      status: 503,
      body: { errors: [/FLINK_REST_NO_LEADER.*from a standby/] },
    })
  },
)

t.test('a standby refuses foreign hosts and pages before it asks anybody', async (t) => {
  let asked = 0
  const { election, standby } = await startPair(t, {
    dispatcher: {
      requestClusterOverview: () => {
        asked++
        return overview
      },
    },
  })
  election.grant(0)

  const foreign = [{ Host: 'evil.example' }, { Origin: 'http://evil.example' }]
  for (const headers of foreign) {
    t.match(await standby.raw('/overview', { headers }), { status: 403 })
  }
  t.equal(asked, 0)
  const own = { Origin: `http://127.0.0.1:${standby.server.port}`, Host: standby.server.address }
  t.match(await standby.raw('/overview', { headers: own }), { status: 200 })
  t.equal(asked, 1)
})

t.test('a former leader becomes a standby of the next one', async (t) => {
  const { election, leader, standby } = await startPair(t, {
    dispatcher: { requestClusterOverview: () => overview },
  })
  election.grant(0)
  t.match(await standby.raw('/overview'), { status: 200 })
  election.revoke(0)
  election.grant(1)

  t.match(await leader.raw('/overview'), { status: 503, body: { errors: [/leader election/] } })
})

t.test('a body in chunks stays one on the way to the leader, whatever the method', async (t) => {
  const { election, standby } = await startPair(t)
  const received: string[] = []
  const leader = createTcpServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (!text.includes('POST /jobs')) return
      received.push(text)
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  election.publishUrl(await listen(t, leader))

  const body = 'POST /jobs HTTP/1.1\r\n\r\n'
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PATCH']) {
    const headers = { 'Transfer-Encoding': 'chunked' }
    t.match(await standby.raw('/overview', { method, headers, body }), { status: 200 })
    const text = received.pop() ?? ''
    t.match(text, /transfer-encoding: chunked\r\n/i, method)
    t.match(text, /connection: close\r\n/i, method)
    t.ok(text.includes(`\r\n\r\n${body.length.toString(16)}\r\n${body}`), `${method}: ${text}`)
  }
})

t.test('an answer before the end of the request ends the connection of the client', async (t) => {
  const { election, standby } = await startPair(t)
  const leader = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}'))
  })
  election.publishUrl(await listen(t, leader))

  const client = connect(standby.server.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  client.write(
    `POST /jobs HTTP/1.1\r\nHost: ${standby.server.address}\r\nContent-Length: 1000\r\n\r\nhalf`,
  )
  let text = ''
  for await (const bytes of client) text += bytes
  t.match(text, /^HTTP\/1.1 413 /)
  t.match(text, /\r\nconnection: close\r\n/i)
  t.ok(text.endsWith('\r\n\r\n{}'), text)
})

t.test('StandbyProxy.forward ends when the client goes after the leader is done', async (t) => {
  const standby = createServer()
  const election = new DecidedElection()
  const proxy = new StandbyProxy({
    highAvailability: election.services(),
    random: new SystemRandom(),
    log: noopLogger,
    connectTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
  })
  const leader = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}'))
  })
  const leaderDone = new Promise<void>((resolve) =>
    leader.once('connection', (socket) => socket.once('close', () => resolve())),
  )
  proxy.start('http://127.0.0.1:1')
  election.publishUrl(await listen(t, leader))
  let forwarded: Promise<boolean> | undefined
  const answered = new Promise<void>((resolve) => {
    standby.on('request', (request, response) => {
      // As of a client that takes nothing: what is written never gets through.
      response.socket!.write = () => true
      forwarded = proxy.forward(request, response)
      const end = response.end.bind(response)
      response.end = ((...rest: []) => {
        resolve()
        return end(...rest)
      }) as typeof response.end
    })
  })
  const client = connect(Number(new URL(await listen(t, standby)).port), '127.0.0.1')
  t.teardown(() => client.destroy())
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')

  await Promise.all([answered, leaderDone])
  client.resetAndDestroy()
  t.equal(await forwarded, true)
  await proxy.close()
})
