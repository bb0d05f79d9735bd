import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { noopLogger, type Random, SystemClock, SystemRandom } from '@flink-ts/core'
import {
  NodeZooKeeperClient,
  type ZooKeeperClientOptions,
  type ZooKeeperSessionEvent,
} from '@flink-ts/zookeeper-client'
import t, { type Test } from 'tap'
import { startZooKeeper, type ZooKeeperEnsemble, zookeeperMissing } from './clusters/zookeeper.js'
import {
  abandon,
  answerOf,
  bareZooKeeperClient,
  EPHEMERAL,
} from './support/bare-zookeeper-client.js'
import { until } from './support/until.js'

// The guards of the client with real servers, beside the library without them; what both ensembles promise is in the contract.

/** A server or client that does not run for half of it, on a busy machine, is no silence yet. */
const SESSION_TIMEOUT_MS = 8_000
const NOTHING = new Uint8Array()
const skip = zookeeperMissing() ?? false

/** Hosts stay in the order in which they are written. */
const inOrder: Random = Object.assign(new SystemRandom(), { nextInt: (bound: number) => bound - 1 })

interface Started {
  readonly client: NodeZooKeeperClient
  readonly events: ZooKeeperSessionEvent[]
  types(): string[]
}

function startClient(
  t: Test,
  connectString: string,
  options: Partial<ZooKeeperClientOptions> = {},
): Started {
  const client = new NodeZooKeeperClient({
    connectString,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    connectionTimeoutMs: 30_000,
    acl: 'open',
    clock: new SystemClock(),
    random: inOrder,
    log: noopLogger,
    ...options,
  })
  const events: ZooKeeperSessionEvent[] = []
  client.onSession((event) => void events.push(event))
  client.start()
  t.teardown(() => client.close())
  return { client, events, types: () => events.map(({ type }) => type) }
}

const reasonOf = (call: Promise<unknown>): Promise<string | undefined> =>
  call.then(
    () => undefined,
    (error) => error.reason ?? String(error),
  )

/** Numbers of the servers, followers first. */
async function followersFirst(ensemble: ZooKeeperEnsemble): Promise<number[]> {
  const leader = await ensemble.leader()
  return [1, 2, 3].filter((n) => n !== leader).concat(leader)
}

const addressesOf = (ensemble: ZooKeeperEnsemble, numbers: readonly number[]) =>
  numbers.map((n) => `127.0.0.1:${ensemble.ports[n - 1]}`).join(',')

/** A client that is connected to the first of these servers, also on a machine that has much to do. */
async function startClientAt(
  t: Test,
  ensemble: ZooKeeperEnsemble,
  numbers: readonly number[],
  options: Partial<ZooKeeperClientOptions> = {},
): Promise<Started> {
  return until('a session at the first server', async () => {
    const started = startClient(t, addressesOf(ensemble, numbers), options)
    await started.client.exists('/')
    const connections = await ensemble.fourLetterWord(numbers[0]!, 'cons')
    if (connections.includes(`0x${started.client.sessionId}`)) return started
    await started.client.close()
    return undefined
  })
}

t.setTimeout(300_000)

t.test('three servers', { skip }, async (t) => {
  const ensemble = await startZooKeeper({ nodes: 3, readOnlyMode: true })
  t.teardown(() => ensemble.close())

  await t.test('a frozen server: another one is asked in time, the session goes on', async (t) => {
    const numbers = await followersFirst(ensemble)
    const [first] = numbers
    const observer = startClient(t, addressesOf(ensemble, numbers.slice(1)))
    const { client, events, types } = await startClientAt(t, ensemble, numbers)
    await client.create('/guarded', NOTHING, { ephemeral: true })
    const told: string[] = []
    await client.exists('/watched', ({ type }) => void told.push(type))
    const { sessionId } = client
    const bare = bareZooKeeperClient(addressesOf(ensemble, [first!]), SESSION_TIMEOUT_MS)
    t.teardown(() => abandon(bare))
    bare.connect()
    await answerOf((callback) => bare.create('/bare', Buffer.from(''), EPHEMERAL, callback))
    ensemble.stop(first!)
    const call = reasonOf(client.getData('/guarded'))
    // Both have taken the same time. The library alone is connected to a server that does nothing.
    await until("the end of the library's session", async () => {
      return (await observer.client.exists('/bare')) === undefined
    })
    t.equal(bare.getState().name, 'SYNC_CONNECTED', 'its session is over, and it believes in it')
    t.equal(await call, 'connection-loss')
    t.same(types(), ['connected', 'suspended', 'reconnected'])
    t.same(events[2], { type: 'reconnected', sessionId })
    t.equal((await client.exists('/guarded'))?.ephemeralOwner, sessionId)
    await observer.client.create('/watched', NOTHING)
    await until('the watch', () => told.length > 0)
    t.same(told, ['created'])

    // In the handshake, too: the system takes connections for a process that does nothing.
    const late = startClient(t, addressesOf(ensemble, numbers))
    const from = performance.now()
    await late.client.exists('/')
    t.ok(performance.now() - from < SESSION_TIMEOUT_MS, `${performance.now() - from} ms`)
    const stuck = bareZooKeeperClient(addressesOf(ensemble, [first!]), 500)
    t.teardown(() => abandon(stuck))
    stuck.connect()
    const socket = await until('its attempt', () => stuck.connectionManager.socket)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    t.equal(stuck.connectionManager.socket, socket, 'three session timeouts, and no second attempt')
    t.equal(stuck.getState().name, 'DISCONNECTED')

    // Once at least: this process itself may have to wait for its turn on a busy machine.
    const closedAfterMs: number[] = []
    while (closedAfterMs.length < 5 && !closedAfterMs.some((ms) => ms < 1_000)) {
      const closing = startClient(t, addressesOf(ensemble, [first!]))
      await new Promise((resolve) => setTimeout(resolve, 100))
      const beforeClose = performance.now()
      await closing.client.close()
      closedAfterMs.push(performance.now() - beforeClose)
    }
    t.ok(closedAfterMs.at(-1)! < 1_000, `closed in the handshake at once: ${closedAfterMs} ms`)
    // What they would make of the answers that have waited is another matter.
    abandon(bare)
    abandon(stuck)
    ensemble.resume(first!)
    await until('its return', async () =>
      (await ensemble.fourLetterWord(first!, 'srvr')).includes('Mode'),
    )
  })

  await t.test('a killed server: the session is at another one at once', async (t) => {
    const numbers = await followersFirst(ensemble)
    const { client, types } = await startClientAt(t, ensemble, numbers)
    await client.createRecursive('/a/b')
    const from = performance.now()
    await ensemble.kill(numbers[0]!)
    await until('reconnected', () => types().includes('reconnected'))
    t.ok(performance.now() - from < SESSION_TIMEOUT_MS / 2, 'sooner than a silence is noticed')
    t.ok(await client.exists('/a/b'))
    await ensemble.restart(numbers[0]!)
  })

  await t.test(
    'without a quorum: nobody who only reads is asked, calls end, all is well with it',
    async (t) => {
      const numbers = await followersFirst(ensemble)
      const [last, ...others] = numbers as [number, number, number]
      const { client, types } = await startClientAt(t, ensemble, numbers, {
        connectionTimeoutMs: 3_000,
      })
      await client.create('/q', NOTHING, { ephemeral: true })
      await Promise.all(others.map((n) => ensemble.kill(n)))
      await until('a server that only reads', async () => {
        return (await ensemble.fourLetterWord(last, 'isro')) === 'ro'
      })
      await until('lost', () => types().includes('lost'))
      t.equal(client.isConnected, false)
      t.equal(await reasonOf(client.create('/r', NOTHING)), 'operation-timeout')
      await Promise.all(others.map((n) => ensemble.restart(n, { isServing: false })))
      await until('connected', () => client.isConnected)
      t.equal(await client.exists('/q'), undefined, 'nothing of the lost session is left')
      t.equal(await client.exists('/r'), undefined)
      t.same(types(), ['connected', 'suspended', 'lost', 'connected'])
    },
  )
})

t.test('one server', { skip }, async (t) => {
  const ensemble = await startZooKeeper()
  t.teardown(() => ensemble.close())
  const { connectString } = ensemble
  const { client, types } = startClient(t, connectString)

  await t.test('multi: version 0 is 0, which the library takes as any', async (t) => {
    await client.create('/fenced', NOTHING)
    await client.setData('/fenced', Buffer.from('1'), 0)
    const bare = bareZooKeeperClient(connectString, SESSION_TIMEOUT_MS)
    t.teardown(() => abandon(bare))
    bare.connect()
    const stale = bare.transaction().check('/fenced', 0).setData('/fenced', Buffer.from('bare'), 0)
    t.equal(await answerOf((callback) => stale.commit(callback)), undefined, 'a stale check passes')
    t.equal(Buffer.from((await client.getData('/fenced')).data).toString(), 'bare')
    t.equal(
      await reasonOf(
        client.multi([
          { type: 'check', path: '/fenced', version: 0 },
          { type: 'set-data', path: '/fenced', data: Buffer.from('x'), version: -1 },
        ]),
      ),
      'bad-version',
    )
  })

  await t.test('size: what is too large says so, and the largest passes', async (t) => {
    const bare = bareZooKeeperClient(connectString, SESSION_TIMEOUT_MS)
    t.teardown(() => abandon(bare))
    bare.connect()
    const large = Buffer.alloc(1 << 20)
    const refusal = await answerOf((callback) => bare.create('/large', large, 0, callback))
    t.match(refusal?.message, /CONNECTION_LOSS/, 'the library alone loses its connection')
    const message = await client.create('/large', large).catch((error: Error) => error.message)
    const [, excess] = /has (\d+) bytes/.exec(message)!
    const bytes = large.length - (Number(excess) - 0xfffff)
    await client.create('/large', large.subarray(0, bytes))
    t.equal((await client.getData('/large')).data.length, bytes, 'to the byte')
    t.equal(await reasonOf(client.create('/larger', large.subarray(0, bytes))), 'bad-arguments')
    await client.remove('/large', 0)
    t.same(types(), ['connected'])
  })

  await t.test(
    'credentials: nodes of a creator, with the right, the wrong, and none',
    async (t) => {
      const authorization = [{ scheme: 'digest', auth: 'user:password' }]
      const owner = startClient(t, connectString, { authorization, acl: 'creator' })
      await owner.client.createRecursive('/owned/deep')
      for (const other of [undefined, [{ scheme: 'digest', auth: 'user:wrong' }]]) {
        const stranger = startClient(t, connectString, other && { authorization: other })
        t.equal(await reasonOf(stranger.client.getData('/owned')), 'no-auth')
        t.equal(await reasonOf(stranger.client.create('/owned/x', NOTHING)), 'no-auth')
        t.equal(await reasonOf(stranger.client.removeRecursive('/owned')), 'no-auth')
      }
      const second = startClient(t, connectString, { authorization, acl: 'creator' })
      t.ok(await second.client.getData('/owned/deep'))
      const nobody = startClient(t, connectString, { acl: 'creator' })
      t.equal(await reasonOf(nobody.client.create('/x', NOTHING)), 'invalid-acl')
    },
  )

  await t.test('chroot: paths, watches and transactions are below it', async (t) => {
    await client.createRecursive('/chroot/deep')
    const { client: below } = startClient(t, `${connectString}/chroot/deep`)
    const told: string[] = []
    await below.exists('/n', ({ type, path }) => void told.push(`${type} ${path}`))
    t.equal(await below.create('/n', NOTHING), '/n')
    t.same(await below.multi([{ type: 'create', path: '/m', data: NOTHING }]), [
      { type: 'create', path: '/m' },
    ])
    t.same((await client.getChildren('/chroot/deep')).children, ['m', 'n'])
    t.same((await below.getChildren('/')).children, ['m', 'n'])
    t.same(told, ['created /n'])
    const { client: nowhere } = startClient(t, `${connectString}/not/there`)
    t.equal(await reasonOf(nowhere.create('/n', NOTHING)), 'no-node')
  })

  await t.test(
    'a process ends by itself when it has closed its client, whatever the server does',
    async (t) => {
      const program = `
      import { noopLogger, SystemClock, SystemRandom } from '@flink-ts/core'
      import { NodeZooKeeperClient } from '@flink-ts/zookeeper-client'
      const client = new NodeZooKeeperClient({
        connectString: '${connectString}', sessionTimeoutMs: 4000, connectionTimeoutMs: 30000, acl: 'open',
        clock: new SystemClock(), random: new SystemRandom(), log: noopLogger,
      })
      client.start()
      await client.exists('/')
      console.log('connected')
      for await (const _ of process.stdin) break
      client.exists('/').catch(() => {})
      await client.close()
      process.stdin.destroy()`
      for (const isFrozen of [false, true]) {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        t.teardown(() => void child.kill('SIGKILL'))
        await once(child.stdout, 'data')
        if (isFrozen) ensemble.stop(1)
        child.stdin.write('end\n')
        t.same(await once(child, 'exit'), [0, null])
        if (isFrozen) ensemble.resume(1)
      }
    },
  )
})
