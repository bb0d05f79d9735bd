import assert from 'node:assert/strict'
import type { ZooKeeperSessionEvent } from '@flink-ts/zookeeper-client'
import {
  bytes,
  reasonOf,
  refused,
  startClient,
  textAt,
  type ZooKeeperPromise,
} from './zookeeper-under-test.js'

/** Of sessions, and of what happens to them. */
export const zooKeeperSessionContract: readonly ZooKeeperPromise[] = [
  {
    promise: 'a session opens, has an id and a timeout, and is told to whoever listens later',
    async run(test) {
      const client = test.createClient()
      assert.deepEqual([client.isConnected, client.sessionId], [false, undefined])
      // Before the start: it waits.
      const waiting = client.exists(test.root)
      client.start()
      assert.ok(await waiting)
      assert.equal(client.isConnected, true)
      assert.match(client.sessionId!, /^[0-9a-f]+$/)
      assert.equal(client.sessionTimeoutMs, test.sessionTimeoutMs)
      const told: ZooKeeperSessionEvent[] = []
      const end = client.onSession((event) => void told.push(event))
      assert.deepEqual(told, [{ type: 'connected', sessionId: client.sessionId }])
      end()
      await client.close()
      assert.equal(told.length, 1)
    },
  },
  {
    promise: 'nodes of a session are gone with its end, and calls after it are refused',
    async run(test) {
      const { client } = startClient(test)
      const other = startClient(test)
      const path = `${test.root}/e`
      await client.create(path, bytes(''), { ephemeral: true })
      assert.equal((await other.client.exists(path))!.ephemeralOwner, client.sessionId)
      const told: string[] = []
      await other.client.exists(path, ({ type }) => void told.push(type))
      await Promise.all([client.close(), client.close()])
      assert.deepEqual([client.isConnected, client.sessionId], [false, undefined])
      assert.equal(await other.client.exists(path), undefined)
      assert.deepEqual(told, ['deleted'])
      await refused(client.exists(path), 'closed')
      await client.close()
    },
  },
  {
    promise: 'calls before the end of a session are carried out',
    async run(test) {
      const { client } = startClient(test)
      const other = startClient(test)
      await client.exists(test.root)
      const created = client.create(`${test.root}/n`, bytes('x'))
      const closed = client.close()
      assert.equal(await reasonOf(created), undefined)
      await closed
      assert.equal(await textAt(other.client, `${test.root}/n`), 'x')
    },
  },
  {
    promise: 'a connection that breaks and comes back in time keeps session, nodes and watches',
    async run(test) {
      const { client, types, events } = startClient(test)
      const other = startClient(test)
      const [path, unchanged] = [`${test.root}/n`, `${test.root}/u`]
      await client.create(`${test.root}/e`, bytes(''), { ephemeral: true })
      await client.create(path, bytes(''))
      await client.create(unchanged, bytes(''))
      const { sessionId } = client
      const told: string[] = []
      const note = (what: string) => (event: { type: string }) =>
        void told.push(`${what} ${event.type}`)
      await client.getData(path, note('changed'))
      await client.getData(unchanged, note('unchanged'))
      await client.exists(`${test.root}/c`, note('created'))
      await client.exists(`${test.root}/never`, note('never'))
      await client.getChildren(test.root, note('names'))
      test.cut(client)
      await test.until('suspended', () => types().includes('suspended'))
      assert.equal(client.isConnected, false)
      await other.client.setData(path, bytes('x'), 0)
      await other.client.create(`${test.root}/c`, bytes(''))
      await other.client.create(`${test.root}/never`, bytes(''))
      await other.client.remove(`${test.root}/never`, 0)
      assert.deepEqual(told, [])
      test.restore(client)
      assert.ok(await client.exists(`${test.root}/e`))
      assert.deepEqual(types(), ['connected', 'suspended', 'reconnected'])
      assert.deepEqual(events[2], { type: 'reconnected', sessionId })
      await test.until('watches', () => told.length >= 3)
      assert.deepEqual(told.sort(), [
        'changed data-changed',
        'created created',
        'names children-changed',
      ])
      await other.client.setData(unchanged, bytes('x'), 0)
      await client.exists(test.root)
      assert.equal(told[3], 'unchanged data-changed')
    },
  },
  {
    promise:
      'a call that is made while nobody answers waits, and is carried out in the same session',
    async run(test) {
      const { client, types } = startClient(test)
      await client.exists(test.root)
      test.cut(client)
      await test.until('suspended', () => types().includes('suspended'))
      const created = client.create(`${test.root}/n`, bytes(''))
      const found = client.exists(`${test.root}/n`)
      test.restore(client)
      await created
      assert.equal((await found)?.version, 0)
    },
  },
  {
    promise: 'a call that finds no session in time says so',
    async run(test) {
      const client = test.createClient({ connectionTimeoutMs: 500 })
      test.cut(client)
      client.start()
      await refused(client.create(`${test.root}/n`, bytes('')), 'operation-timeout')
      test.restore(client)
      // The next attempt to connect may be later than the next call has time for.
      await new Promise<void>((resolve) => {
        client.onSession(({ type }) => (type === 'connected' ? resolve() : undefined))
      })
      assert.equal(await client.exists(`${test.root}/n`), undefined)
    },
  },
  {
    promise:
      'nobody knows of calls that were under way when the connection broke; whoever sees that sees no connection',
    async run(test) {
      const { client, types } = startClient(test)
      const other = startClient(test)
      await client.exists(test.root)
      const reasons: (string | undefined)[] = []
      const connected: boolean[] = []
      const calls = Array.from({ length: 30 }, (_, i) =>
        reasonOf(client.create(`${test.root}/n-${i}`, bytes(''))).then((reason) => {
          reasons[i] = reason
          if (reason !== undefined) connected.push(client.isConnected)
        }),
      )
      test.cut(client)
      await test.until('suspended', () => types().includes('suspended'))
      await Promise.all(calls)
      for (const reason of reasons) assert.ok(reason === undefined || reason === 'connection-loss')
      assert.ok(connected.every((each) => !each))
      // What was made is a beginning of what was asked for, and includes all that was answered.
      const answered = reasons.filter((reason) => reason === undefined).length
      // The last one first: some may be carried out only now.
      const made: unknown[] = []
      for (let i = reasons.length - 1; i >= 0; i--) {
        made[i] = await other.client.exists(`${test.root}/n-${i}`)
      }
      const count = made.filter((stat) => stat !== undefined).length
      assert.ok(count >= answered)
      assert.ok(made.slice(0, count).every((stat) => stat !== undefined))
      test.restore(client)
      assert.ok(await client.exists(test.root))
    },
  },
  {
    promise:
      'a session that the servers have ended is lost, and the next one opens with nothing of it',
    async run(test) {
      const { client, types } = startClient(test)
      const other = startClient(test)
      const told: string[] = []
      await client.create(`${test.root}/e`, bytes(''), { ephemeral: true })
      await client.create(`${test.root}/n`, bytes(''))
      await client.getData(`${test.root}/n`, ({ type }) => void told.push(type))
      const { sessionId } = client
      await test.expireSession(client)
      await test.until(
        'another session',
        () => types().filter((t) => t === 'connected').length === 2,
      )
      assert.deepEqual(
        types().filter((type) => type !== 'suspended'),
        ['connected', 'lost', 'connected'],
      )
      assert.notEqual(client.sessionId, sessionId)
      assert.equal(await client.exists(`${test.root}/e`), undefined)
      await other.client.setData(`${test.root}/n`, bytes('x'), 0)
      await client.exists(test.root)
      assert.deepEqual(told, [])
    },
  },
  {
    promise: 'a short silence is nothing',
    async run(test) {
      const { client, types } = startClient(test)
      await client.exists(test.root)
      test.silence(client)
      const created = client.create(`${test.root}/n`, bytes(''))
      test.restore(client)
      await created
      assert.deepEqual(types(), ['connected'])
    },
  },
  {
    promise:
      'servers that are silent for too long are noticed before the session can be over, and a session that nobody confirms is lost',
    async run(test) {
      const { client, types } = startClient(test)
      const other = startClient(test)
      await client.create(`${test.root}/e`, bytes(''), { ephemeral: true })
      const { sessionId } = client
      test.silence(client)
      const call = reasonOf(client.setData(test.root, bytes('late'), -1))
      await test.until('suspended', () => types().includes('suspended'))
      assert.ok(await other.client.exists(`${test.root}/e`), 'the servers have the session yet')
      assert.equal(await call, 'connection-loss')
      await test.until('lost', () => types().includes('lost'))
      assert.deepEqual([client.isConnected, client.sessionId], [false, undefined])
      await test.until(
        'the end of the session at the servers',
        async () => (await other.client.exists(`${test.root}/e`)) === undefined,
      )
      test.restore(client)
      assert.equal(await client.exists(`${test.root}/e`), undefined)
      assert.notEqual(client.sessionId, sessionId)
      assert.deepEqual(types(), ['connected', 'suspended', 'lost', 'connected'])
    },
  },
  {
    promise:
      'when a new session opens nothing of the former one is left, also if the servers had it yet',
    async run(test) {
      const { client, types } = startClient(test)
      await client.create(`${test.root}/e`, bytes(''), { ephemeral: true })
      test.silence(client)
      await test.until('lost', () => types().includes('lost'))
      let left: Promise<unknown> | undefined
      client.onSession(({ type }) => {
        if (type === 'connected') left = client.exists(`${test.root}/e`)
      })
      test.restore(client)
      await test.until('another session', () => left !== undefined)
      assert.equal(await left, undefined)
    },
  },
  {
    promise: 'a call that waits for a session that is lost is not carried out in the next one',
    async run(test) {
      const { client, types } = startClient(test, { connectionTimeoutMs: 60_000 })
      await client.exists(test.root)
      test.cut(client)
      await test.until('suspended', () => types().includes('suspended'))
      const call = reasonOf(client.create(`${test.root}/n`, bytes('')))
      await test.until('lost', () => types().includes('lost'))
      test.restore(client)
      assert.equal(await call, 'session-expired')
      assert.equal(await client.exists(`${test.root}/n`), undefined)
    },
  },
  {
    promise:
      'servers without a quorum end no session in time; what was there is there when they have one',
    async run(test) {
      const { client, types } = startClient(test)
      await client.create(`${test.root}/n`, bytes('x'))
      const { czxid } = (await client.exists(`${test.root}/n`))!
      await test.loseQuorum()
      await test.until('suspended', () => types().includes('suspended'))
      await test.restoreQuorum()
      await test.until('a session', () => client.isConnected)
      assert.equal(await textAt(client, `${test.root}/n`), 'x')
      await client.create(`${test.root}/later`, bytes(''))
      assert.ok((await client.exists(`${test.root}/later`))!.czxid > czxid)
    },
  },
  {
    promise: 'credentials that servers do not understand are refused for good',
    async run(test) {
      const { client, events, types } = startClient(test, {
        authorization: { scheme: 'nonsense', credentials: 'x' },
      })
      const call = reasonOf(client.exists(test.root))
      await test.until('auth-failed', () => types().includes('auth-failed'))
      assert.deepEqual(events.at(-1), { type: 'auth-failed', scheme: 'nonsense' })
      assert.equal(await call, 'auth-failed')
      await refused(client.exists(test.root), 'auth-failed')
      await client.close()
    },
  },
  {
    promise: 'a client that never connects can be closed',
    async run(test) {
      const client = test.createClient()
      test.cut(client)
      client.start()
      const call = reasonOf(client.exists(test.root))
      await client.close()
      assert.equal(await call, 'closed')
      await test.createClient().close()
    },
  },
]
