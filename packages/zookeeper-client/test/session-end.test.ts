import { setTimeout as sleep } from 'node:timers/promises'
import library from 'node-zookeeper-client'
import t from 'tap'
import { bareServer } from './bare-library.js'
import { clientOfFake, reasonOf } from './client-of-fake.js'
import {
  AUTH,
  CLOSE_SESSION,
  EXISTS,
  type FakeZooKeeperServer,
  SET_WATCHES,
} from './fake-zookeeper-server.js'

t.test('expiry: calls get an answer, and a new session opens by itself', async (t) => {
  const expire = (fake: FakeZooKeeperServer) => {
    let isExpired = false
    fake.onHello = (connection) => {
      if (!isExpired) {
        isExpired = true
        connection.accept(0n, 0)
        connection.socket.end()
      } else connection.accept(0xdefn, fake.timeoutMs)
    }
  }

  await t.test('the library alone drops what waits', async (t) => {
    const fake = await bareServer(t)
    const bare = library.createClient(fake.address, { sessionTimeout: 3_000, spinDelay: 1 })
    let isAnswered = false
    let isFirst = true
    bare.on('disconnected', () => {
      if (!isFirst) return
      isFirst = false
      bare.exists(
        '/b',
        () => {},
        () => {
          isAnswered = true
        },
      )
    })
    const expired = new Promise<void>((resolve) => bare.on('expired', () => resolve()))
    bare.connect()
    await new Promise<void>((resolve) =>
      bare.exists(
        '/a',
        () => {},
        () => resolve(),
      ),
    )
    expire(fake)
    fake.last.socket.destroy()
    await expired
    await sleep(300)
    t.equal(isAnswered, false)
    t.equal(fake.connections.length, 2, 'no new session')
  })

  const { fake, client, after, until, told } = await clientOfFake(t)
  client.start()
  const watched: unknown[] = []
  await after(client.exists('/a', (event) => void watched.push(event)))
  t.equal(client.sessionId, 'abc')
  expire(fake)
  fake.last.socket.destroy()
  await until(() => told.includes('suspended'))
  const waiting = reasonOf(client.exists('/b'))
  t.equal(await after(waiting), 'session-expired')
  t.ok(await after(client.exists('/a')))
  t.equal(client.sessionId, 'def')
  t.same(told, ['connected', 'suspended', 'lost', 'connected'])
  fake.last.notify(3, '/a')
  await after(client.exists('/a'))
  t.same(watched, [], 'watches of the former session are gone')
  t.notOk(fake.last.types.includes(SET_WATCHES))
})

t.test(
  'silence: a session that nobody confirms is suspended, lost, and ended before the next one',
  async (t) => {
    const { fake, client, after, until, told, clock } = await clientOfFake(t)
    client.start()
    await after(client.exists('/a'))
    const from = clock.now()
    fake.onRequest = () => {}
    fake.onHello = () => {}
    const call = reasonOf(client.exists('/b'))
    await until(() => told.includes('suspended'))
    t.ok(
      Math.abs(clock.now() - from - 1_500) < 100,
      `half of the session timeout: ${clock.now() - from}`,
    )
    t.equal(await after(call), 'connection-loss')
    t.equal(client.isConnected, false)
    t.equal(client.sessionId, 'abc')
    const waiting = reasonOf(client.exists('/c'))
    await until(() => told.includes('lost'))
    t.ok(Math.abs(clock.now() - from - 3_000) < 100, `the session timeout: ${clock.now() - from}`)
    t.equal(await after(waiting), 'session-expired')
    t.equal(client.sessionId, undefined)
    const before = fake.connections.length
    fake.onRequest = (connection, request) => fake.answer(connection, request)
    fake.onHello = (connection) => {
      const former = connection.hello!.readBigInt64BE(16)
      connection.accept(former === 0n ? 0xdefn : former, fake.timeoutMs)
    }
    const next = reasonOf(client.exists('/d'))
    await until(() => told.length === 4)
    t.equal(await after(next), undefined)
    t.same(told, ['connected', 'suspended', 'lost', 'connected'])
    t.equal(client.sessionId, 'def')
    const later = fake.connections.slice(before).filter(({ types }) => types.length > 0)
    t.same(
      later.map(({ types }) => types),
      [[CLOSE_SESSION], [EXISTS]],
    )
  },
)

t.test(
  'a process that was stopped believes no answer of before: its session is lost first',
  async (t) => {
    const { fake, client, after, until, told, clock } = await clientOfFake(t)
    client.start()
    await after(client.exists('/a'))
    fake.onRequest = () => {}
    const order: string[] = []
    client.onSession(({ type }) => void order.push(type))
    const call = client.exists('/b').then(() => void order.push('answer'))
    await until(() => fake.last.requests.length === 2)
    clock.stopFor(3_100)
    t.equal(client.isConnected, false, 'at once')
    fake.onRequest = (connection, request) => fake.answer(connection, request)
    fake.answer(fake.last, fake.last.requests.at(-1)!)
    // No timer runs: the answer is the first that it hears of the world.
    while (order.length < 3) await new Promise((resolve) => setImmediate(resolve))
    await call
    t.same(order.slice(0, 3), ['connected', 'lost', 'answer'])
    await until(() => told.length === 3)
    t.same(told, ['connected', 'lost', 'connected'])
  },
)

t.test('auth-failed: says which, refuses everything, tries no more', async (t) => {
  const { fake, client, after, told, clock } = await clientOfFake(t, {
    authorization: [
      { scheme: 'digest', auth: 'a:b' },
      { scheme: 'strange', auth: 'x' },
    ],
  })
  let count = 0
  fake.onRequest = (connection, request) => {
    if (request.type === AUTH && ++count === 2) {
      connection.reply(-4, -115)
      connection.socket.end()
    } else fake.answer(connection, request)
  }
  const schemes: unknown[] = []
  client.onSession((event) => void schemes.push(event))
  const call = client.exists('/a')
  client.start()
  t.equal(await after(reasonOf(call)), 'auth-failed')
  t.same(schemes, [{ type: 'auth-failed', scheme: 'strange' }])
  await t.rejects(client.exists('/a'), {
    reason: 'auth-failed',
    message: /credentials of scheme 'strange'/,
  })
  clock.advance(60_000)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(fake.connections.length, 1)
  t.same(told, ['auth-failed'])
  await client.close()
  t.equal(clock.pendingTimers, 0)
})
