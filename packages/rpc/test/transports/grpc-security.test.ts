import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import { noopLogger, SystemClock } from '@flink-ts/core'
import { ClusterSecret, type TransportSecurity } from '@flink-ts/core/security'
import { MainThreadExecutor } from '@flink-ts/rpc'
import { GrpcRpcService, type GrpcRpcServiceOptions } from '@flink-ts/rpc/grpc'
import t, { type Test } from 'tap'
import { TEST_GATEWAY, type TestGateway, TestingGateway } from '../testing-gateway.js'
import { recordingLogger, SECRET, tlsSecurity } from './security-fixtures.js'

const clock = new SystemClock()
const PLAIN: TransportSecurity = { secret: SECRET }
const ANOTHER_SECRET: TransportSecurity = { secret: ClusterSecret.random() }

async function startService(t: Test, options: Partial<GrpcRpcServiceOptions> = {}) {
  const service = await GrpcRpcService.start({ clock, log: noopLogger, ...options })
  t.teardown(() => service.close())
  return service
}

function serve(service: GrpcRpcService, fencing: 'unfenced' | { epoch: number; uuid: string }) {
  const handler = new TestingGateway()
  const mainThread = new MainThreadExecutor({
    name: 'test_1',
    clock,
    onFatalError: (error) => {
      throw error
    },
  })
  service.startServer<TestGateway>({
    endpointId: 'test_1',
    definition: TEST_GATEWAY,
    handler,
    mainThread,
    fencingToken: () => fencing,
  })
  return handler
}

async function startServer(t: Test, security: TransportSecurity) {
  const { log, warnings } = recordingLogger()
  const service = await startService(t, { security, log })
  return { service, handler: serve(service, 'unfenced'), warnings }
}

/** Calls until the channel has tried to connect `times` times anew. */
async function callOften(gateway: TestGateway, times: number): Promise<unknown[]> {
  const errors: unknown[] = []
  for (let i = 0; i < times; i++) {
    await gateway.say({ text: '' }).catch((error: unknown) => errors.push(error))
    // gRPC waits between its attempts; without a pause all calls would share one.
    await new Promise<void>((resolve) => clock.schedule(250, resolve))
  }
  return errors
}

for (const [name, security] of [
  ['the secret', PLAIN],
  ['the secret and TLS of PEM', tlsSecurity('cluster.pem')],
  [
    'the secret and TLS of PKCS12',
    tlsSecurity('cluster.p12', { 'security.ssl.protocol': 'TLSv1.3' }),
  ],
] as const) {
  t.test(`GrpcRpcService: peers with ${name} speak with each other`, async (t) => {
    const { service, warnings } = await startServer(t, security)
    const client = await startService(t, { security })
    const gateway = client.connect(service.address, 'test_1', TEST_GATEWAY)

    t.same(await gateway.say({ text: 'hello' }), { text: 'hello' })
    const large = 'x'.repeat(3_000_000)
    t.equal((await gateway.say({ text: large })).text.length, large.length)
    const many = await Promise.all(
      Array.from({ length: 300 }, (_, i) => gateway.say({ text: `${i}` })),
    )
    t.equal(many[299]?.text, '299')
    t.same(warnings, [])
  })
}

const STRANGERS: [string, TransportSecurity, TransportSecurity, RegExp, RegExp][] = [
  ['another secret', PLAIN, ANOTHER_SECRET, /another cluster secret/, /another cluster secret/],
  [
    'a certificate that is not trusted',
    tlsSecurity('cluster.pem'),
    {
      ...tlsSecurity('stranger.pem'),
    },
    /CN=stranger.*is not trusted/,
    /does not accept the certificate of this process/,
  ],
  [
    'the right certificate and another secret',
    tlsSecurity('cluster.pem'),
    { ...tlsSecurity('cluster.pem'), ...ANOTHER_SECRET },
    /another cluster secret/,
    /another cluster secret/,
  ],
  [
    'a certificate of another fingerprint',
    tlsSecurity('cluster.pem', { 'security.ssl.internal.cert.fingerprint': '00'.repeat(20) }),
    tlsSecurity('cluster.pem'),
    /has the fingerprint/,
    /does not accept the certificate/,
  ],
  ['no TLS', tlsSecurity('cluster.pem'), PLAIN, /does not speak TLS/, /TLS|closed the connection/],
  ['TLS where there is none', PLAIN, tlsSecurity('cluster.pem'), /speaks TLS/, /TLS|closed/],
]

for (const [name, serverSecurity, clientSecurity, inServer, inClient] of STRANGERS) {
  t.test(`GrpcRpcService refuses a peer with ${name}, logs it once, and goes on`, async (t) => {
    const { service, handler, warnings } = await startServer(t, serverSecurity)
    let handled = 0
    handler.sayFunction = async (request) => {
      handled++
      return request
    }
    const own = recordingLogger()
    const stranger = await startService(t, { security: clientSecurity, log: own.log })

    const errors = await callOften(stranger.connect(service.address, 'test_1', TEST_GATEWAY), 3)

    t.equal(errors.length, 3)
    t.match(String(errors[0]), inClient)
    t.equal(handled, 0)
    t.equal(warnings.length, 1, 'once in the log of the server', { warnings })
    t.match(warnings[0], { message: 'Refused a peer', reason: inServer })
    if (!name.includes('TLS')) {
      t.match(errors[0], { code: 'FLINK_RPC_UNAUTHENTICATED', retriable: false })
      t.match(own.warnings, [{ message: 'Cannot join a peer', reason: inClient }])
      t.equal(own.warnings.length, 1, 'once in its own log')
      t.match(warnings[0], { peer: `127.0.0.1 (RPC ${stranger.address})` })
    }
    const friend = await startService(t, { security: serverSecurity })
    const gateway = friend.connect(service.address, 'test_1', TEST_GATEWAY)
    if (!name.includes('fingerprint')) t.same(await gateway.say({ text: 'hi' }), { text: 'hi' })
  })
}

t.test('GrpcRpcService tells of a client whose server is not of its cluster', async (t) => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    // A thief of connections: it knows the protocol, but not the secret.
    socket.on('data', (bytes) => {
      const isHello = bytes.subarray(0, 4).toString() === 'FTS1'
      socket.write(
        isHello ? Buffer.concat([Buffer.from('FTSC'), randomBytes(64)]) : Buffer.from('FTSV\0'),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const client = await startService(t, { security: PLAIN })
  const { port } = server.address() as net.AddressInfo

  await t.rejects(client.connect(`127.0.0.1:${port}`, 'test_1', TEST_GATEWAY).say({ text: '' }), {
    code: 'FLINK_RPC_UNAUTHENTICATED',
    message: /another cluster secret/,
  })
})

t.test('GrpcRpcService: a recorded handshake cannot be used again', async (t) => {
  const { service, warnings } = await startServer(t, PLAIN)
  const port = Number(service.address.split(':')[1])
  const recorded: Buffer[] = []
  const proxy = net.createServer((inbound) => {
    const outbound = net.connect(port, '127.0.0.1')
    for (const socket of [inbound, outbound]) socket.on('error', () => {})
    inbound.on('data', (bytes) => recorded.push(bytes))
    inbound.pipe(outbound).pipe(inbound)
    t.teardown(() => inbound.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => proxy.close())
  const client = await startService(t, { security: PLAIN })
  const address = `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`
  await client.connect(address, 'test_1', TEST_GATEWAY).say({ text: 'recorded' })

  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const answers: Buffer[] = []
  socket.on('data', (bytes) => answers.push(bytes))
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.write(Buffer.concat(recorded))
  await closed

  t.match(Buffer.concat(answers).subarray(68).toString('latin1'), /^FTSR\0/)
  t.match(warnings, [{ reason: /another cluster secret/ }])
})

t.test('GrpcRpcService: garbage on a port hurts nobody and is logged once', async (t) => {
  for (const security of [PLAIN, tlsSecurity('cluster.pem')]) {
    const { service, warnings } = await startServer(t, security)
    const port = Number(service.address.split(':')[1])
    const hello = Buffer.concat([Buffer.from('FTS1\u0001'), randomBytes(32), Buffer.of(3)])
    const garbage = [
      ...Array.from({ length: 60 }, (_, i) => randomBytes(1 + 13 * i)),
      Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from('FTS1'),
      Buffer.concat([hello, Buffer.from('abc'), randomBytes(32), randomBytes(100_000)]),
      Buffer.concat([hello, Buffer.from('\n\u0000\u001b'), randomBytes(32)]),
    ]
    await Promise.all(
      garbage.map(async (bytes) => {
        const socket = net.connect(port, '127.0.0.1')
        socket.on('error', () => {})
        socket.resume()
        const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
        socket.end(bytes)
        await closed
      }),
    )

    const client = await startService(t, { security })
    const gateway = client.connect(service.address, 'test_1', TEST_GATEWAY)
    t.same(await gateway.say({ text: 'alive' }), { text: 'alive' })
    t.ok(warnings.length >= 1 && warnings.length <= 4, `${warnings.length} lines for all of it`)
    const peers = warnings.map(({ peer }) => peer)
    t.notMatch(JSON.stringify(peers), /\\u00/, 'names of peers are printable')
  }
})

t.test('GrpcRpcService drops a peer that says nothing, and makes room for others', async (t) => {
  const { service, warnings } = await startServer(t, { ...PLAIN, handshakeTimeoutMs: 1_000 })
  const port = Number(service.address.split(':')[1])
  const silent = Array.from({ length: 300 }, () => net.connect(port, '127.0.0.1'))
  for (const socket of silent) socket.on('error', () => {})
  const client = await startService(t, { security: PLAIN })

  t.same(await client.connect(service.address, 'test_1', TEST_GATEWAY).say({ text: 'hi' }), {
    text: 'hi',
  })
  await Promise.all(
    silent.map(
      (socket) =>
        new Promise<void>((resolve) => {
          if (socket.closed) resolve()
          else socket.resume().on('close', () => resolve())
        }),
    ),
  )
  t.match(warnings, [{ reason: /did not say who it is within 1000 ms/ }])
  t.equal(warnings.length, 1)
})

t.test('GrpcRpcService logs a stale fencing token once, not per call', async (t) => {
  const { log, warnings } = recordingLogger()
  const service = await startService(t, { security: PLAIN, log })
  serve(service, { epoch: 2, uuid: 'new' })
  const client = await startService(t, { security: PLAIN })
  const stale = client.connect(service.address, 'test_1', TEST_GATEWAY, {
    fencingToken: { epoch: 1, uuid: 'old' },
  })

  for (let i = 0; i < 5; i++) {
    await t.rejects(stale.say({ text: '' }), { code: 'FLINK_RPC_FENCING_TOKEN' })
  }

  t.match(warnings, [{ endpointId: 'test_1', received: '1/old', expected: '2/new' }])
  t.equal(warnings.length, 1)
})

t.test(
  'GrpcRpcService: calls beyond what a peer may have wait in order, then are refused',
  async (t) => {
    const service = await startService(t)
    const handler = serve(service, 'unfenced')
    const started: string[] = []
    const release: Array<() => void> = []
    handler.sayFunction = (request) => {
      started.push(request.text)
      return new Promise((resolve) => release.push(() => resolve(request)))
    }
    const client = await startService(t, {
      callLimits: { maxCalls: 2, maxBytes: 1000, maxWaitingCalls: 2, maxWaitingBytes: 1000 },
    })
    const gateway = client.connect(service.address, 'test_1', TEST_GATEWAY)
    const calls = ['a', 'b', 'c', 'd'].map((text) => gateway.say({ text }))

    await t.rejects(gateway.say({ text: 'e' }), { code: 'FLINK_RPC_PEER_BUSY', retriable: true })
    while (started.length < 2) await new Promise<void>((resolve) => clock.schedule(5, resolve))
    t.same(started, ['a', 'b'])
    for (let done = 0; done < 4; done++) {
      while (release.length === 0) await new Promise<void>((resolve) => clock.schedule(5, resolve))
      release.shift()?.()
    }

    t.same(await Promise.all(calls), [{ text: 'a' }, { text: 'b' }, { text: 'c' }, { text: 'd' }])
  },
)

t.test(
  'GrpcRpcService: what waits for a full peer keeps its deadline, and ends with the service',
  async (t) => {
    const service = await startService(t)
    serve(service, 'unfenced').sayFunction = () => new Promise(() => {})
    const client = await startService(t, {
      callLimits: { maxCalls: 1, maxBytes: 1000, maxWaitingCalls: 2, maxWaitingBytes: 1000 },
    })
    const gateway = client.connect(service.address, 'test_1', TEST_GATEWAY)
    const first = gateway.say({ text: 'a' })
    const last = gateway.say({ text: 'b' })

    await t.rejects(gateway.say({ text: 'c' }, { timeoutMs: 30 }), { code: 'FLINK_RPC_TIMEOUT' })
    const ended = Promise.all([
      t.rejects(first, { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' }),
      t.rejects(last, { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' }),
    ])
    await client.close()
    await ended
  },
)

t.test('GrpcRpcService refuses calls beyond what it can answer', async (t) => {
  const service = await startService(t, { servingLimits: { maxCalls: 1, maxBytes: 1000 } })
  const handler = serve(service, 'unfenced')
  const called = new Promise<void>((resolve) => {
    handler.sayFunction = () => {
      resolve()
      return new Promise(() => {})
    }
  })
  const gateway = (await startService(t)).connect(service.address, 'test_1', TEST_GATEWAY)
  gateway.say({ text: '' }).catch(() => {})
  await called

  await t.rejects(gateway.say({ text: '' }), { code: 'FLINK_RPC_PEER_BUSY', retriable: true })
})

t.test(
  'GrpcRpcService calls its own endpoints without a socket, by the same contract',
  async (t) => {
    // An address where nobody listens: what arrives did not go through a socket.
    const service = await startService(t, { advertisedHost: '192.0.2.1', maxMessageBytes: 1000 })
    const handler = serve(service, 'unfenced')
    const gateway = service.connect(service.address, 'test_1', TEST_GATEWAY)
    const request = { text: 'own' }
    let received: object | undefined
    handler.sayFunction = async (message) => {
      received = message
      return message
    }

    const answer = gateway.say(request)
    t.equal(received, undefined, 'not within the call')
    t.same(await answer, request)
    t.not(received, request, 'messages are encoded')
    await t.rejects(gateway.say({ text: 'x'.repeat(2000) }), {
      code: 'FLINK_RPC_MESSAGE_TOO_LARGE',
    })
    await t.rejects(service.connect(service.address, 'nobody', TEST_GATEWAY).say(request), {
      code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
    })
    handler.sayFunction = () => new Promise(() => {})
    await t.rejects(gateway.say(request, { timeoutMs: 10 }), { code: 'FLINK_RPC_TIMEOUT' })
    const pending = t.rejects(gateway.say(request), { code: 'FLINK_RPC_RECIPIENT_UNREACHABLE' })
    await service.close()
    await pending
  },
)
