import { FlinkError, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  HadoopConnectionError,
  type IpcAuthentication,
  IpcClient,
  type IpcClientOptions,
  isInvalidToken,
  isStandby,
  RemoteException,
  remoteExceptionOf,
} from '@flink-ts/hadoop-rpc'
import fc from 'fast-check'
import t from 'tap'
import { failureOf } from '../recording/failure-of.js'
import { encode, FakeHadoop, type FakeServer, packet, settle, TOKEN } from './fake-hadoop.js'

const WITH_TOKEN: IpcAuthentication = { kind: 'token', token: TOKEN }
const NOTHING = new Uint8Array(0)
const STANDBY = 'org.apache.hadoop.ipc.StandbyException'

function setUp(
  servers: Record<string, FakeServer>,
  options: Partial<IpcClientOptions> & { authentication?: IpcAuthentication } = {},
) {
  const hadoop = new FakeHadoop(servers)
  const clock = new ManualClock()
  const client = new IpcClient(
    'org.example.ProtocolPB',
    Object.keys(servers),
    options.authentication ?? WITH_TOKEN,
    { clock, random: new SeededRandom(1), connectSocket: hadoop.connectSocket, ...options },
  )
  return { hadoop, clock, client }
}

t.test('IpcClient answers calls by their ids, in whatever order answers come', async (t) => {
  const { hadoop, client, clock } = setUp({ 'a:1': {} })
  const calls = [1, 2, 3].map((byte) => client.call('echo', Uint8Array.of(byte)))
  await settle()
  t.equal(hadoop.connections.length, 1)
  const [connection] = hadoop.connections
  for (const { callId, argument } of [...connection!.calls].reverse())
    connection!.answer(callId, argument)
  t.same(
    (await Promise.all(calls)).map((bytes) => [...bytes]),
    [[1], [2], [3]],
  )
  t.same(connection!.context, [{ protocol: 'org.example.ProtocolPB' }])
  t.equal(connection!.authByte, 0xdf)
  client.close()
  t.ok(connection!.isDestroyed)
  t.equal(clock.pendingTimers, 0)
})

t.test('IpcClient without a token names its user', async (t) => {
  const { hadoop, client } = setUp(
    { 'a:1': { onCall: ({ callId, connection }) => connection.answer(callId) } },
    { authentication: { kind: 'simple', user: 'somebody' } },
  )
  await client.call('x', NOTHING)
  const [connection] = hadoop.connections
  t.equal(connection!.authByte, 0)
  t.same(connection!.context, [
    { protocol: 'org.example.ProtocolPB', userInfo: { effectiveUser: 'somebody' } },
  ])
  client.close()
})

t.test('IpcClient throws what the server threw, without frames of Java', async (t) => {
  const text = 'org.example.A$BException: first\n second\n\tat org.example.X(X.java:1)\n'
  const { client } = setUp({
    'a:1': {
      onCall: ({ callId, connection }) => connection.fail(callId, 'org.example.A$BException', text),
    },
  })
  const error = (await failureOf(client.call('x', NOTHING))) as RemoteException
  t.ok(error instanceof RemoteException)
  t.match(error, {
    code: 'FLINK_HADOOP_REMOTE',
    message: 'x at a:1 failed: BException: first second',
    className: 'org.example.A$BException',
    simpleClassName: 'BException',
    remoteMessage: 'first second',
    remoteStack: '\tat org.example.X(X.java:1)\n',
  })
  client.close()
})

t.test('IpcClient lets a call end after its time', async (t) => {
  const { hadoop, client, clock } = setUp({ 'a:1': {} })
  const lost = failureOf(client.call('slow', NOTHING, { timeoutMs: 5000 }))
  const other = client.call('other', NOTHING, { timeoutMs: 50_000 })
  await settle()
  const [connection] = hadoop.connections
  clock.advance(1)
  connection!.send(packet(encode('RpcResponseHeader', { callId: 77, status: 'SUCCESS' }), NOTHING))
  clock.advance(5000)
  t.match(await lost, {
    code: 'FLINK_HADOOP_TIMEOUT',
    outcome: 'unknown',
    message: 'slow at a:1 has no answer within 5000 ms',
  })
  t.notOk(connection!.isDestroyed, 'a server that talks keeps its connection')
  connection!.answer(connection!.calls[0]!.callId)
  connection!.answer(connection!.calls[1]!.callId)
  await other
  client.close()
})

t.test(
  'IpcClient gives a connection up whose server says nothing until a call is over',
  async (t) => {
    const { hadoop, client, clock } = setUp({ 'a:1': {} })
    const first = failureOf(client.call('first', NOTHING, { timeoutMs: 5000 }))
    const second = failureOf(client.call('second', NOTHING, { timeoutMs: 50_000 }))
    await settle()
    // Nothing was received since the calls were sent: in virtual time that was the same moment.
    clock.advance(1)
    const third = failureOf(client.call('third', NOTHING, { timeoutMs: 3000 }))
    await settle()
    clock.advance(3000)
    t.match(await third, { code: 'FLINK_HADOOP_TIMEOUT' })
    t.match(await second, {
      code: 'FLINK_HADOOP_TIMEOUT',
      outcome: 'unknown',
      message: /was silent for/,
    })
    await first
    t.ok(hadoop.connections[0]!.isDestroyed)
    client.close()
    t.equal(clock.pendingTimers, 0)
  },
)

t.test('IpcClient says that a call was not sent if there was no connection in time', async (t) => {
  const { client, clock } = setUp({ 'a:1': { isSilent: true } })
  const lost = failureOf(client.call('x', NOTHING, { timeoutMs: 5000 }))
  await settle()
  clock.advance(5000)
  t.match(await lost, {
    code: 'FLINK_HADOOP_TIMEOUT',
    outcome: 'not-sent',
    message: 'x at a:1 could not be sent within 5000 ms',
  })
  client.close()
  t.equal(clock.pendingTimers, 0)
})

t.test('IpcClient limits the time for a connection', async (t) => {
  const { client, clock } = setUp(
    { 'a:1': { isSilent: true } },
    { maxRounds: 1, connectTimeoutMs: 700 },
  )
  const lost = failureOf(client.call('x', NOTHING))
  await settle()
  clock.advance(700)
  t.match(await lost, { message: 'Could not connect to a:1: did not connect within 700 ms' })
  client.close()
})

t.test('IpcClient lets a call be aborted, before and after it was sent', async (t) => {
  const { hadoop, client, clock } = setUp({ 'a:1': {} })
  const before = AbortSignal.abort(new Error('before'))
  t.match(await failureOf(client.call('x', NOTHING, { signal: before })), { message: 'before' })
  const controller = new AbortController()
  const first = client.call('first', NOTHING)
  await settle()
  hadoop.connections[0]!.answer(0)
  await first
  clock.advance(1)
  const call = failureOf(client.call('y', NOTHING, { signal: controller.signal }))
  const other = client.call('z', NOTHING)
  await settle()
  controller.abort(new Error('after'))
  t.match(await call, { message: 'after' })
  t.same(
    hadoop.connections[0]!.calls.map(({ method }) => method),
    ['first', 'y', 'z'],
  )
  for (const { callId } of hadoop.connections[0]!.calls) hadoop.connections[0]!.answer(callId)
  await other
  client.close()
})

t.test(
  'IpcClient fails every open call with a connection that breaks, and makes another',
  async (t) => {
    const { hadoop, client } = setUp({ 'a:1': {} })
    const calls = ['x', 'y'].map((method) => failureOf(client.call(method, NOTHING)))
    await settle()
    hadoop.connections[0]!.close(new Error('read ECONNRESET'))
    for (const error of await Promise.all(calls)) {
      t.ok(error instanceof HadoopConnectionError)
      t.match(error, {
        code: 'FLINK_HADOOP_CONNECTION',
        outcome: 'unknown',
        address: 'a:1',
        message: 'The connection to a:1 is lost: read ECONNRESET',
      })
    }
    const again = client.call('z', NOTHING)
    await settle()
    hadoop.connections[1]!.answer(0)
    await again
    client.close()
  },
)

t.test('IpcClient tries all addresses for some rounds, with growing pauses', async (t) => {
  const { hadoop, client, clock } = setUp(
    { 'a:1': { isDown: true }, 'b:1': { isDown: true } },
    { initialBackoffMs: 100, maxRounds: 3 },
  )
  const lost = failureOf(client.call('x', NOTHING))
  await settle()
  t.equal(hadoop.connections.length, 2)
  clock.advance(99)
  await settle()
  t.equal(hadoop.connections.length, 2)
  clock.advance(1)
  await settle()
  t.equal(hadoop.connections.length, 4)
  clock.advance(200)
  t.match(await lost, {
    code: 'FLINK_HADOOP_CONNECTION',
    outcome: 'not-sent',
    retriable: true,
    message: /^None of a:1, b:1 serves: Could not connect to b:1: /,
  })
  t.same(
    hadoop.connections.map(({ address }) => address),
    ['a:1', 'b:1', 'a:1', 'b:1', 'a:1', 'b:1'],
  )
  client.close()
  t.equal(clock.pendingTimers, 0)
})

t.test(
  'IpcClient goes to the next address when one is down or standby, and stays there',
  async (t) => {
    const answers: FakeServer['onCall'] = ({ callId, connection }) => connection.answer(callId)
    const { hadoop, client } = setUp({
      'down:1': { isDown: true },
      'standby:1': {
        onCall: ({ callId, connection }) => connection.fail(callId, STANDBY, 'Not active'),
      },
      'active:1': { onCall: answers },
    })
    await client.call('x', NOTHING)
    t.same(
      hadoop.connections.map(({ address }) => address),
      ['down:1', 'standby:1', 'active:1'],
    )
    hadoop.connections[2]!.close()
    await client.call('y', NOTHING)
    t.equal(hadoop.connections.at(-1)!.address, 'active:1')
    client.close()
  },
)

t.test('IpcClient says so when no server is active', async (t) => {
  const { client } = setUp(
    { 'a:1': { onCall: ({ callId, connection }) => connection.fail(callId, STANDBY, 'No') } },
    { maxRounds: 1 },
  )
  const error = await failureOf(client.call('x', NOTHING))
  t.ok(isStandby(error))
  t.match(error, { retriable: true })
  client.close()
})

t.test(
  'IpcClient sends pings while an answer is due, and ends a connection that nobody uses',
  async (t) => {
    const { hadoop, client, clock } = setUp({ 'a:1': {} }, { callTimeoutMs: 1e6 })
    const call = client.call('x', NOTHING)
    await settle()
    const [connection] = hadoop.connections
    for (let i = 0; i < 13; i++) clock.advance(10_000)
    await settle()
    t.equal(connection!.pings, 2)
    connection!.answer(0)
    await call
    clock.advance(9_999)
    t.notOk(connection!.isDestroyed)
    clock.advance(10_000)
    t.ok(connection!.isDestroyed)
    t.equal(clock.pendingTimers, 0)
    const again = client.call('y', NOTHING)
    await settle()
    hadoop.connections[1]!.answer(0)
    await again
    client.close()
  },
)

t.test('IpcClient#authentication holds for connections to come', async (t) => {
  const newer = { ...TOKEN, password: Uint8Array.of(5) }
  const server: FakeServer = { onCall: ({ callId, connection }) => connection.answer(callId) }
  const { hadoop, client } = setUp({ 'a:1': server })
  await client.call('x', NOTHING)
  client.authentication = { kind: 'token', token: newer }
  server.token = newer
  await client.call('x', NOTHING)
  t.equal(hadoop.connections.length, 1)
  hadoop.connections[0]!.close()
  await client.call('x', NOTHING)
  t.equal(hadoop.connections.length, 2)
  client.close()
})

t.test('IpcClient#close ends calls that were sent and calls that were not', async (t) => {
  const { client, clock } = setUp({ 'a:1': {} })
  const sent = failureOf(client.call('x', NOTHING))
  await settle()
  client.close()
  t.match(await sent, { message: 'The client of a:1 was closed', outcome: 'unknown' })
  t.match(await failureOf(client.call('y', NOTHING)), { outcome: 'not-sent' })
  t.equal(clock.pendingTimers, 0)
  const other = setUp({ 'a:1': { isSilent: true } })
  const waiting = failureOf(other.client.call('z', NOTHING))
  other.client.close()
  t.match(await waiting, { outcome: 'not-sent' })
})

t.test('IpcClient refuses texts that are no addresses', async (t) => {
  for (const address of ['nowhere', 'a:0', 'a:65536', ':1', 'a b:1', 'http://a:1']) {
    t.throws(() => setUp({ [address]: {} }), { code: 'FLINK_HADOOP_CONFIGURATION' })
  }
})

t.test('Authentication fails with one clear error', async (t) => {
  const auth = { method: 'TOKEN', mechanism: 'DIGEST-MD5', protocol: '', serverId: 'default' }
  const cases: readonly [FakeServer, RegExp][] = [
    [{ token: { ...TOKEN, password: Uint8Array.of(1) } }, /SaslException: Mismatched response/],
    [{ qop: 'auth-conf,auth-int' }, /hadoop\.rpc\.protection must allow 'authentication'/],
    [{ rspauth: '0'.repeat(32) }, /does not prove that it knows the token/],
    [{ rspauth: '' }, /does not prove that it knows the token/],
    [
      { auths: [{ method: 'KERBEROS', mechanism: 'GSSAPI' }] },
      /KERBEROS \(GSSAPI\); Kerberos is not supported/,
    ],
    [{ auths: [] }, /but nothing/],
    [{ auths: [auth] }, /sends no challenge/],
    [{ auths: [{ ...auth, challenge: Buffer.from('"""') }] }, /speaks no DIGEST-MD5/],
    [
      { auths: [{ ...auth, challenge: Buffer.from('nonce="x"') }] },
      /wants the algorithm undefined/,
    ],
    [{ auths: [{ ...auth, challenge: Buffer.from('algorithm=md5-sess') }] }, /has no nonce/],
  ]
  for (const [server, message] of cases) {
    const { client, hadoop, clock } = setUp({ 'a:1': server })
    t.match(await failureOf(client.call('x', NOTHING)), {
      code: 'FLINK_HADOOP_AUTHENTICATION',
      retriable: false,
      message,
    })
    t.equal(hadoop.connections.length, 1, 'it is not tried again')
    t.ok(hadoop.connections[0]!.isDestroyed)
    t.equal(clock.pendingTimers, 0)
  }
})

t.test('A server that lets anybody in is not trusted with calls', async (t) => {
  const header = encode('RpcResponseHeader', { callId: -33 >>> 0, status: 'SUCCESS' })
  const greeting = packet(header, encode('RpcSasl', { state: 'SASL_SUCCESS' }))
  const { client } = setUp({ 'a:1': { greeting } })
  t.match(await failureOf(client.call('x', NOTHING)), { message: /without a look at the token/ })
})

t.test('isInvalidToken recognizes a token that the server does not know', async (t) => {
  const className = 'org.apache.hadoop.security.token.SecretManager$InvalidToken'
  const header = {
    callId: -33 >>> 0,
    status: 'FATAL',
    exceptionClassName: className,
    errorMsg: 'gone',
  }
  const { client } = setUp({ 'a:1': { greeting: packet(encode('RpcResponseHeader', header)) } })
  const error = await failureOf(client.call('x', NOTHING))
  t.ok(isInvalidToken(error))
  t.equal(remoteExceptionOf(error)?.className, className)
  t.notOk(isInvalidToken(new Error('x', { cause: 'y' })))
})

t.test('What is no Hadoop IPC is an error of the connection that says what it is', async (t) => {
  const ok = encode('RpcResponseHeader', { callId: -33 >>> 0, status: 'SUCCESS' })
  const old = Buffer.from('ffffffff0000000161000000026263', 'hex')
  const cases: readonly [Uint8Array, RegExp][] = [
    [Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n'), /this is a web port/],
    [old, /does not speak version 9 of Hadoop IPC: a: bc/],
    [Buffer.from('ffffffffffffffff', 'hex'), /does not speak version 9/],
    [Buffer.from('08000001', 'hex'), /134217729 bytes is announced, and 134217728 are allowed/],
    [Buffer.from('00000000', 'hex'), /the packet ends where the length of a message is due/],
    [Buffer.from('00000006ffffffffffff', 'hex'), /is no varint/],
    [Buffer.from('000000027f00', 'hex'), /a message of 127 bytes is announced where 1 are left/],
    [packet(Uint8Array.of(0x08)), /./],
    [packet(encode('RpcResponseHeader', { callId: 5, status: 'SUCCESS' })), /an answer to call 5/],
    [packet(ok, Uint8Array.of(0x10, 0x63)), /./],
    [packet(ok), /the packet ends/],
  ]
  for (const [greeting, message] of cases) {
    const { client, hadoop, clock } = setUp({ 'a:1': { greeting } })
    const error = await failureOf(client.call('x', NOTHING))
    t.match(error, { code: 'FLINK_HADOOP_PROTOCOL', message, retriable: false })
    t.ok(hadoop.connections[0]!.isDestroyed)
    t.equal(clock.pendingTimers, 0)
  }
})

t.test('A damaged answer fails all open calls', async (t) => {
  const ok = encode('RpcResponseHeader', { callId: 0, status: 'SUCCESS' })
  const cases: readonly [Uint8Array, RegExp][] = [
    [packet(ok), /the packet ends/],
    [packet(Uint8Array.of(0xff)), /./],
    [Buffer.from('00000401', 'hex'), /1025 bytes is announced, and 1024 are allowed/],
  ]
  for (const [bytes, message] of cases) {
    const { client, hadoop } = setUp({ 'a:1': {} }, { maxResponseBytes: 1024 })
    const calls = ['x', 'y'].map((method) => failureOf(client.call(method, NOTHING)))
    await settle()
    hadoop.connections[0]!.send(bytes)
    for (const error of await Promise.all(calls)) {
      t.match(error, { code: 'FLINK_HADOOP_CONNECTION', outcome: 'unknown', message })
      t.match(error.cause, { code: 'FLINK_HADOOP_PROTOCOL' })
    }
    t.ok(hadoop.connections[0]!.isDestroyed)
    client.close()
  }
})

t.test('An answer that is cut off is said to be', async (t) => {
  const { client, hadoop } = setUp({ 'a:1': {} })
  const call = failureOf(client.call('x', NOTHING))
  await settle()
  hadoop.connections[0]!.send(Uint8Array.of(0, 0, 1))
  hadoop.connections[0]!.close()
  t.match(await call, { message: /closed the connection in the middle of an answer/ })
  client.close()
})

t.test(
  'A fatal answer fails its call with the exception, and the others with the connection',
  async (t) => {
    const { client, hadoop } = setUp({ 'a:1': {} })
    const calls = ['x', 'y'].map((method) => failureOf(client.call(method, NOTHING)))
    await settle()
    hadoop.connections[0]!.fail(
      0,
      'org.apache.hadoop.ipc.RpcServerException',
      'cannot read',
      'FATAL',
    )
    const [x, y] = await Promise.all(calls)
    t.match(x, { code: 'FLINK_HADOOP_REMOTE', remoteMessage: 'cannot read' })
    t.match(y, { code: 'FLINK_HADOOP_CONNECTION', outcome: 'unknown' })
    const again = failureOf(client.call('z', NOTHING))
    await settle()
    const refusal = 'org.apache.hadoop.security.authorize.AuthorizationException'
    hadoop.connections[1]!.fail(-3, refusal, 'not allowed', 'FATAL')
    t.match(await again, { code: 'FLINK_HADOOP_AUTHENTICATION', message: /not allowed/ })
    client.close()
  },
)

t.test('No bytes of a server crash a client or leave a call without an end', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, isLate) => {
      const server: FakeServer = isLate ? {} : { greeting: bytes }
      const { client, hadoop, clock } = setUp({ 'a:1': server }, { maxRounds: 1 })
      const call = client.call('x', NOTHING).then(
        () => 'answered',
        (error: unknown) => FlinkError.is(error),
      )
      await settle()
      if (isLate) hadoop.connections[0]!.send(bytes)
      hadoop.connections[0]!.close()
      t.not(await call, false)
      client.close()
      t.equal(clock.pendingTimers, 0)
    }),
    { numRuns: 300 },
  )
})
