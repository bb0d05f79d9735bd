import { type AddressInfo, createServer } from 'node:net'
import t from 'tap'
import { clientOfFake, reasonOf, refusalOf } from './client-of-fake.js'
import { EXISTS } from './fake-zookeeper-server.js'

t.test('calls without a session end in time, with what has kept it', async (t) => {
  const { fake, client, clock, after } = await clientOfFake(t)
  const notStarted = reasonOf(client.exists('/a'))
  t.equal(await after(notStarted), 'operation-timeout')
  t.equal(clock.now(), 2_000)

  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const nobody = await clientOfFake(t, { fake, connectString: `127.0.0.1:${port}` })
  nobody.client.start()
  await t.rejects(nobody.after(nobody.client.exists('/a')), {
    reason: 'operation-timeout',
    retriable: true,
    message: new RegExp(`no session within 2000 ms \\(127.0.0.1:${port}: connect ECONNREFUSED`),
  })
  t.ok(nobody.warnings.length <= 2, 'what is the same each time is logged once')
  const named = await clientOfFake(t, { fake, connectString: `localhost:${port}` })
  named.client.start()
  // Names are looked up in their own time, which is not the test's.
  await named.until(() =>
    named.warnings.some((text) => /"localhost:\d+: .*ECONNREFUSED/.test(text)),
  )
})

t.test('attempts are spread: a server that refuses is not asked in a loop', async (t) => {
  const { fake, client, clock, until } = await clientOfFake(t)
  fake.onHello = (connection) => connection.socket.destroy()
  client.start()
  await until(() => clock.now() >= 10_000)
  t.ok(fake.connections.length >= 9 && fake.connections.length < 30, `${fake.connections.length}`)

  const dropping = await clientOfFake(t)
  dropping.fake.onHello = (connection) => {
    connection.accept(1n, 3_000)
    connection.socket.end()
  }
  dropping.client.start()
  await dropping.until(() => dropping.clock.now() >= 10_000)
  t.ok(dropping.fake.connections.length < 60, `${dropping.fake.connections.length}`)
})

t.test(
  'what servers would refuse by ending the connection is refused before it is sent',
  async (t) => {
    const { fake, client, after, told } = await clientOfFake(t)
    client.start()
    await after(client.exists('/a'))
    const large = new Uint8Array(1 << 20)
    await t.rejects(client.create('/large', large), {
      reason: 'bad-arguments',
      retriable: false,
      path: '/large',
      message: /request has 1048\d{3} bytes, and servers take 1048575/,
    })
    t.equal(await reasonOf(client.setData('/large', large, 0)), 'bad-arguments')
    const half = new Uint8Array(1 << 19)
    const create = (path: string) => ({ type: 'create', path, data: half }) as const
    t.equal(await reasonOf(client.multi([create('/a'), create('/b')])), 'bad-arguments')
    const paths = ['', 'a', '/a/', '//', '/a//b', '/./a', '/..', '/a\u0000', '/a\u001f', '/\ud800']
    for (const path of paths) {
      t.match(await refusalOf(client.exists(path)), { reason: 'bad-arguments', path })
      const check = { type: 'check', path: '/a', version: 0 } as const
      t.match(await refusalOf(client.multi([check, { type: 'remove', path, version: 0 }])), {
        reason: 'bad-arguments',
        path,
        operationIndex: 1,
      })
    }
    t.same(await client.multi([]), [])
    await after(client.exists('/z'))
    t.same(fake.last.types, [EXISTS, EXISTS])
    t.same(told, ['connected'])
  },
)

t.test(
  'close: ends at once wherever it stands, with no timer and no connection left',
  async (t) => {
    await t.test('before it is started', async (t) => {
      const { client, clock } = await clientOfFake(t)
      const call = reasonOf(client.exists('/a'))
      await client.close()
      t.equal(await call, 'closed')
      t.equal(clock.pendingTimers, 0)
    })
    await t.test('while it waits for its first attempt', async (t) => {
      const { fake, client, clock } = await clientOfFake(t)
      client.start()
      await client.close()
      t.equal(clock.pendingTimers, 0)
      t.equal(fake.connections.length, 0)
    })
    await t.test('in the handshake', async (t) => {
      const { fake, client, clock, until } = await clientOfFake(t)
      fake.onHello = () => {}
      client.start()
      await until(() => fake.connections[0]?.hello !== undefined)
      const call = reasonOf(client.exists('/a'))
      await client.close()
      t.equal(await call, 'closed')
      t.equal(clock.pendingTimers, 0)
      await until(() => fake.last.socket.destroyed || fake.last.socket.readableEnded)
    })
    await t.test('connected: calls of before are answered, the session is ended', async (t) => {
      const { fake, client, clock, after, told } = await clientOfFake(t)
      client.start()
      await after(client.exists('/a'))
      const call = client.exists('/b')
      const [found] = await after(Promise.all([call, client.close(), client.close()]))
      t.ok(found)
      t.same(fake.last.types, [EXISTS, EXISTS, -11])
      t.equal(clock.pendingTimers, 0)
      t.equal(await reasonOf(client.exists('/c')), 'closed')
      t.same(told, ['connected'])
    })
    await t.test('without a complaint if the server closes before it answers', async (t) => {
      const { fake, client, clock, after, warnings } = await clientOfFake(t)
      client.start()
      await after(client.exists('/a'))
      fake.onRequest = (connection) => {
        connection.socket.destroy()
        fake.onRequest = (connection, request) => fake.answer(connection, request)
      }
      await after(client.close())
      t.equal(fake.connections.length, 2, 'the session is ended all the same')
      t.same(warnings, [])
      t.equal(clock.pendingTimers, 0)
    })
    await t.test('with a server that has frozen: in 2 s, and calls end', async (t) => {
      const { fake, client, clock, after, until } = await clientOfFake(t)
      client.start()
      await after(client.exists('/a'))
      fake.onRequest = () => {}
      fake.onHello = () => {}
      const call = reasonOf(client.exists('/b'))
      const from = clock.now()
      await after(client.close())
      t.ok(clock.now() - from <= 2_010)
      t.equal(await call, 'connection-loss')
      t.equal(clock.pendingTimers, 0)
      await until(() =>
        fake.connections.every(({ socket }) => socket.destroyed || socket.readableEnded),
      )
    })
    await t.test('suspended: the session is ended if a server answers soon', async (t) => {
      const { fake, client, clock, after, until, told } = await clientOfFake(t)
      client.start()
      await after(client.exists('/a'))
      fake.last.socket.destroy()
      await until(() => told.includes('suspended'))
      await after(client.close())
      t.same(fake.last.types, [-11])
      t.equal(clock.pendingTimers, 0)
    })
  },
)

t.test(
  'onSession: whoever listens later is told where it stands; whoever has left hears nothing',
  async (t) => {
    const { fake, client, after, until, told } = await clientOfFake(t)
    client.start()
    await after(client.exists('/a'))
    const later: unknown[] = []
    const end = client.onSession((event) => void later.push(event))
    t.same(later, [{ type: 'connected', sessionId: 'abc' }])
    end()
    end()
    fake.last.socket.destroy()
    await until(() => told.length === 3)
    t.equal(later.length, 1)
    t.equal(client.sessionTimeoutMs, 3_000)
  },
)

t.test('watches: many of one node are told once each, in their order', async (t) => {
  const { fake, client, after, until } = await clientOfFake(t)
  client.start()
  const warnings: Error[] = []
  const warn = (warning: Error) => void warnings.push(warning)
  process.on('warning', warn)
  t.teardown(() => process.off('warning', warn))
  const told: number[] = []
  await after(
    Promise.all(
      Array.from({ length: 100 }, (_, i) => client.exists('/a', () => void told.push(i))),
    ),
  )
  fake.last.notify(3, '/a')
  fake.last.notify(3, '/a')
  await until(() => told.length > 0)
  await after(client.exists('/a', () => void told.push(-1)))
  fake.last.notify(2, '/a')
  await until(() => told.at(-1) === -1)
  t.same(told, [...Array.from({ length: 100 }, (_, i) => i), -1])
  t.same(warnings, [])
})
