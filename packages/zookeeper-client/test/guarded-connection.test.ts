import { setTimeout as sleep } from 'node:timers/promises'
import library from 'node-zookeeper-client'
import t from 'tap'
import { bareProcess, bareServer } from './bare-library.js'
import { clientOfFake, reasonOf, refusalOf } from './client-of-fake.js'
import { EXISTS, FakeZooKeeperServer, frame, int, PING } from './fake-zookeeper-server.js'

// What the library does without guards, and the client with them, with a server that says what real ones say seldom.

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
