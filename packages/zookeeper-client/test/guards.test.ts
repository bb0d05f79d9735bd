import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import library from 'node-zookeeper-client'
import t, { type Test } from 'tap'
import { clientOfFake, reasonOf, refusalOf } from './client-of-fake.js'
import {
  AUTH,
  CLOSE_SESSION,
  EXISTS,
  FakeZooKeeperServer,
  frame,
  int,
  PING,
  SET_WATCHES,
} from './fake-zookeeper-server.js'

// What the library does without guards, and the client with them, with a server that says what real ones say seldom.

const BARE_CLIENT = fileURLToPath(new URL('fixtures/bare-client.js', import.meta.url))
const AUTHORIZATION = [{ scheme: 'digest', auth: 'a:b' }]

async function bareServer(t: Test): Promise<FakeZooKeeperServer> {
  const fake = await FakeZooKeeperServer.start()
  t.teardown(() => fake.close())
  return fake
}

/** A process with the library alone; its end. */
async function bareProcess(...words: readonly string[]): Promise<{ code: number; err: string }> {
  const child = spawn(process.execPath, [BARE_CLIENT, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise<number>((resolve) =>
    child.on('close', (code) => resolve(code ?? -1)),
  )
  return { code, err }
}

t.test(
  'handshake: a server that takes the connection and says nothing is left for another',
  async (t) => {
    const silent = await bareServer(t)
    silent.onHello = () => {}

    await t.test('the library alone stays there', async (t) => {
      const bare = library.createClient(silent.address, { sessionTimeout: 100, spinDelay: 1 })
      bare.connect()
      await sleep(500)
      t.equal(silent.connections.length, 1, 'five session timeouts, and no second attempt')
      silent.last.socket.destroy()
      bare.close()
    })

    const fake = await FakeZooKeeperServer.start()
    const connectString = `${silent.address},${fake.address}`
    for (const nextInt of [() => 0, (bound: number) => bound - 1]) {
      const { client, until, told, clock } = await clientOfFake(t, {
        fake,
        connectString,
        random: { next: () => 0, nextInt, hex: () => '', uuid: () => '' },
      })
      client.start()
      await until(() => client.isConnected)
      t.same(told, ['connected'])
      t.ok(clock.now() < 2_000, `a share of the session timeout for each server: ${clock.now()} ms`)
    }
  },
)

t.test(
  'frames: what is cut off with a connection is not read as the beginning of the next',
  async (t) => {
    const cut = async (fake: FakeZooKeeperServer) => {
      let isFirst = true
      fake.onRequest = (connection, request) => {
        if (request.type !== EXISTS || !isFirst) return fake.answer(connection, request)
        isFirst = false
        connection.socket.end(frame(int(request.xid), Buffer.alloc(80)).subarray(0, 30))
      }
    }

    await t.test('the library alone does not come back', async (t) => {
      const fake = await bareServer(t)
      await cut(fake)
      const bare = library.createClient(fake.address, { sessionTimeout: 3_000, spinDelay: 1 })
      let count = 0
      bare.on('connected', () => void count++)
      bare.connect()
      bare.exists('/a', () => {})
      while (fake.connections.length < 2) await sleep(5)
      await sleep(500)
      t.equal(count, 1, 'connected once')
      t.ok(fake.connections.length >= 2)
      bare.close()
      for (const { socket } of fake.connections) socket.destroy()
    })

    await t.test('the client does', async (t) => {
      const { fake, client, until, after, told } = await clientOfFake(t)
      await cut(fake)
      client.start()
      t.equal(await after(reasonOf(client.exists('/a'))), 'connection-loss')
      t.ok(await after(client.exists('/a')))
      await until(() => told.length === 3)
      t.same(told, ['connected', 'suspended', 'reconnected'])
    })

    await t.test('answers in pieces and in heaps are whole', async (t) => {
      const { fake, client, after } = await clientOfFake(t)
      const heap: Buffer[] = []
      fake.onRequest = (connection, { xid, type }) => {
        if (type !== EXISTS) return fake.answer(connection, { xid, type, body: Buffer.alloc(0) })
        heap.push(frame(int(xid), Buffer.alloc(8), int(0), Buffer.alloc(68)))
        if (heap.length < 40) return
        const bytes = Buffer.concat(heap)
        let at = 0
        // Sizes that lie across every border of a frame, then everything else at once.
        for (let size = 1; size < 60 && at < bytes.length; at += size, size++) {
          connection.socket.write(bytes.subarray(at, at + size))
        }
        connection.socket.write(bytes.subarray(at))
      }
      client.start()
      const found = await after(
        Promise.all(Array.from({ length: 40 }, (_, i) => client.exists(`/${i}`))),
      )
      t.equal(found.filter((stat) => stat !== undefined).length, 40)
    })

    await t.test('garbage ends the connection, and the next one is good', async (t) => {
      for (const garbage of [
        int(-5),
        int(0x7fffffff),
        frame(int(1)),
        frame(int(99), Buffer.alloc(12)),
      ]) {
        const { fake, client, after, told } = await clientOfFake(t)
        client.start()
        await after(client.exists('/a'))
        fake.last.socket.write(garbage)
        await after(new Promise((resolve) => fake.last.socket.on('close', resolve)))
        t.ok(await after(client.exists('/a')))
        t.same(told, ['connected', 'suspended', 'reconnected'])
      }
    })
  },
)

t.test('codes: those that nobody knows refuse one call', async (t) => {
  const fake = await bareServer(t)
  let code = -118
  fake.onRequest = (connection, request) => {
    if (request.type === EXISTS) connection.reply(request.xid, code)
    else fake.answer(connection, request)
  }
  const bare = await bareProcess(fake.address)
  t.not(bare.code, 0, 'the process of the library alone ends')
  t.match(bare.err, /Unknown code: -118/)

  const { client, after, told } = await clientOfFake(t, {
    fake: await FakeZooKeeperServer.start(),
    connectString: fake.address,
  })
  client.start()
  const cases: readonly (readonly [number, string, boolean])[] = [
    [-118, 'session-moved', true],
    [-119, 'not-read-only', true],
    [-102, 'no-auth', false],
    [-8, 'bad-arguments', false],
    [-125, 'unknown', false],
    [-127, 'operation-timeout', true],
    [-122, 'operation-timeout', true],
    [4711, 'unknown', false],
  ]
  for (const [serverCode, reason, retriable] of cases) {
    code = serverCode
    const error = await after(refusalOf(client.exists('/a')))
    t.match(error, { reason, retriable, path: '/a' }, `${serverCode}`)
    t.equal(error.serverCode, reason === 'unknown' ? serverCode : undefined)
  }
  t.same(told, ['connected'], 'the connection stands')
})

t.test('watches: events that nobody knows are passed over', async (t) => {
  const fake = await bareServer(t)
  fake.onRequest = (connection, request) => {
    fake.answer(connection, request)
    if (request.type === EXISTS) connection.notify(6, '/a')
  }
  const bare = await bareProcess(fake.address, 'watch')
  t.not(bare.code, 0, 'the process of the library alone ends')
  t.match(bare.err, /Unknown event type: 6/)

  const { client, after, until, told, warnings } = await clientOfFake(t, {
    fake: await FakeZooKeeperServer.start(),
    connectString: fake.address,
  })
  client.start()
  const events: unknown[] = []
  await after(client.exists('/a', (event) => void events.push(event)))
  for (const type of [0, -1, 5, 7, 3, 3]) fake.last.notify(type, '/a')
  await until(() => events.length > 0)
  await after(client.exists('/b'))
  t.same(events, [{ type: 'data-changed', path: '/a' }], 'told once')
  t.same(told, ['connected'])
  t.equal(warnings.length, 6)
})

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
      authorization: AUTHORIZATION,
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

t.test('a server that answers pings and nothing else is left', async (t) => {
  const { fake, client, after, told } = await clientOfFake(t)
  client.start()
  await after(client.exists('/a'))
  fake.onRequest = (connection, request) => {
    if (request.type === PING || fake.connections.length > 1) fake.answer(connection, request)
  }
  t.equal(await after(reasonOf(client.exists('/b'))), 'connection-loss')
  t.ok(await after(client.exists('/b')))
  t.same(told, ['connected', 'suspended', 'reconnected'])
})

t.test('pings go on while servers talk, too', async (t) => {
  const { fake, client, after, until, told } = await clientOfFake(t)
  client.start()
  await after(client.exists('/a'))
  const { last } = fake
  // The library sends a ping only when its socket was quiet for a while, and hearing something is not.
  await until(() => {
    last.notify(4, '/somewhere')
    return last.pings >= 5
  })
  t.same(told, ['connected'])
})

t.test('auth-failed: says which, refuses everything, tries no more', async (t) => {
  const { fake, client, after, told, clock } = await clientOfFake(t, {
    authorization: [...AUTHORIZATION, { scheme: 'strange', auth: 'x' }],
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
