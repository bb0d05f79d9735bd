import { setTimeout as sleep } from 'node:timers/promises'
import library from 'node-zookeeper-client'
import t from 'tap'
import { bareServer } from './bare-library.js'
import { clientOfFake, reasonOf } from './client-of-fake.js'
import { AUTH, EXISTS, FakeZooKeeperServer, SET_WATCHES } from './fake-zookeeper-server.js'

t.test(
  'reconnection: credentials and watches go first, once, and calls wait for them',
  async (t) => {
    await t.test('the library alone sends calls before them', async (t) => {
      const fake = await bareServer(t)
      const bare = library.createClient(fake.address, { sessionTimeout: 3_000, spinDelay: 1 })
      bare.addAuthInfo('digest', Buffer.from('a:b'))
      let isFirst = true
      bare.on('disconnected', () => {
        if (isFirst) bare.exists('/b', () => {})
        isFirst = false
      })
      bare.connect()
      await new Promise<void>((resolve) =>
        bare.exists(
          '/a',
          () => {},
          () => resolve(),
        ),
      )
      fake.last.socket.destroy()
      while (fake.connections.length < 2 || fake.last.types.length < 3) await sleep(5)
      t.same(fake.last.types.slice(0, 3), [EXISTS, AUTH, SET_WATCHES])
      bare.close()
      fake.last.socket.destroy()
    })

    const { fake, client, after, until, told } = await clientOfFake(t, {
      authorization: [{ scheme: 'digest', auth: 'a:b' }],
      connectionTimeoutMs: 10_000,
    })
    fake.timeoutMs = 30_000
    client.start()
    await after(client.exists('/a', () => {}))
    let attempts = 0
    fake.onHello = (connection) => {
      if (++attempts < 4) connection.socket.destroy()
      else connection.accept(fake.sessionId, fake.timeoutMs)
    }
    let isHeldBack = true
    fake.onRequest = (connection, request) => {
      if (request.type !== AUTH || !isHeldBack) fake.answer(connection, request)
    }
    fake.last.socket.destroy()
    await until(() => told.includes('suspended'))
    const call = client.exists('/b')
    await until(() => attempts === 4 && fake.last.types.length === 2)
    t.same(fake.last.types, [AUTH, SET_WATCHES], 'attempts that failed have left nothing')
    t.equal(client.isConnected, false, 'not before the credentials are accepted')
    isHeldBack = false
    fake.answer(fake.last, { xid: 0, type: AUTH, body: Buffer.alloc(0) })
    t.ok(await after(call))
    t.same(fake.last.types, [AUTH, SET_WATCHES, EXISTS])
    t.same(told, ['connected', 'suspended', 'reconnected'])
  },
)

t.test(
  'reconnection: watches begin where the client has been told of changes, refusals without a number do not matter',
  async (t) => {
    const { fake, client, after } = await clientOfFake(t)
    client.start()
    await after(client.exists('/a', () => {}))
    fake.onRequest = (connection, request) => {
      if (request.type === EXISTS) connection.reply(request.xid, -102)
      else fake.answer(connection, request)
    }
    t.equal(await after(reasonOf(client.exists('/b'))), 'no-auth')
    fake.last.socket.destroy()
    await after(reasonOf(client.exists('/c')))
    await after(reasonOf(client.exists('/c')))
    const [watches] = fake.last.requests
    t.equal(watches?.type, SET_WATCHES)
    t.equal(watches?.body.readBigInt64BE(), 7n)
  },
)

t.test(
  'reconnection: servers that elect a leader first are found soon after, and the session is safe until its timeout',
  async (t) => {
    const fakes = await Promise.all([1, 2, 3].map(() => FakeZooKeeperServer.start()))
    t.teardown(() => Promise.all(fakes.map((fake) => fake.close())))
    const connectString = fakes.map(({ address }) => address).join(',')
    const { client, after, until, told, clock } = await clientOfFake(t, { connectString })
    client.start()
    await after(client.exists('/a'))
    // Nothing but pings is said for several timeouts.
    const later = clock.now() + 7_000
    await until(() => clock.now() >= later)
    const safeMs = client.sessionSafeUntil! - clock.monotonicNow()
    t.ok(safeMs > 2_400 && safeMs <= 3_000, `confirmed within a sixth of the timeout: ${safeMs}`)
    for (const fake of fakes) {
      fake.onHello = ({ socket }) => void socket.destroy()
      for (const { socket } of fake.connections) socket.destroy()
    }
    await until(() => told.includes('suspended'))
    const cutAt = clock.now()
    const { sessionSafeUntil } = client
    await until(() => clock.now() >= cutAt + 2_000)
    t.equal(client.sessionSafeUntil, sessionSafeUntil, 'nobody has confirmed it since')
    const attempts = fakes.reduce((sum, { connections }) => sum + connections.length, 0)
    t.ok(attempts > 15 && attempts < 60, `asked again and again, not in a loop: ${attempts}`)
    for (const fake of fakes) fake.onHello = (connection) => connection.accept(0xabcn, 3_000)
    await until(() => told.includes('reconnected'))
    t.ok(clock.now() - cutAt - 2_000 <= 350, `a tenth of the timeout: ${clock.now() - cutAt}`)
    t.same(told, ['connected', 'suspended', 'reconnected'])
  },
)
