import { noopLogger } from '@flink-ts/core'
import { CheckpointIdCounter, CompletedCheckpointStore } from '@flink-ts/runtime'
import { ZooKeeperError, type ZooKeeperOperation } from '@flink-ts/zookeeper-client'
import t from 'tap'
import { bytes, ENTRIES, FOLDER, HaWorld, LATCH, settle } from './ha-world.js'

const LARGE = Buffer.alloc(5_000, 'x')
const JOB = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'

async function leader(world: HaWorld, name = 'a') {
  const process = world.process(name)
  process.contend()
  await settle()
  return process
}

t.test('NodeStore keeps entries whose versions never come twice', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const store = a.stores().namespace('x/y')
  const first = await store.create('e', bytes('1'))
  t.match(await store.get('e'), { value: bytes('1'), version: first })
  await t.rejects(store.create('e', bytes('2')), { code: 'FLINK_HA_ENTRY_EXISTS' })
  const second = await store.replace('e', bytes('2'), first)
  t.ok(second > first)
  await t.rejects(store.replace('e', bytes('3'), first), { code: 'FLINK_HA_ENTRY_VERSION' })
  await t.rejects(store.remove('e', first), { code: 'FLINK_HA_ENTRY_VERSION' })
  await store.remove('e', second)
  t.equal(await store.get('e'), undefined)
  await t.rejects(store.remove('e', second), { code: 'FLINK_HA_ENTRY_MISSING' })
  await t.rejects(store.replace('e', bytes('3'), second), { code: 'FLINK_HA_ENTRY_MISSING' })
  const third = await store.create('e', bytes('3'))
  await t.rejects(store.replace('e', bytes('4'), first), { code: 'FLINK_HA_ENTRY_VERSION' })
  t.ok(third > second)
  await store.remove('e', third)
  t.strictSame(world.zooKeeper.children(ENTRIES), [], 'empty parents go')
  await a.ha.close()
})

t.test('NodeStore takes any name and tells entries from parents of others', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const stores = a.stores()
  const names = ['', '.', '..', 'a/b', 'ä €', '%', '%2F', 'x', '\u0001', 'zookeeper'].sort()
  const store = stores.namespace('n')
  await Promise.all(names.map((name) => store.create(name, bytes(name))))
  t.strictSame(await store.names(), names)
  for (const name of names) t.equal(`${(await store.get(name))?.value}`, `${[...bytes(name)]}`)
  const inner = stores.namespace('n/x')
  const version = await inner.create('inner', bytes('i'))
  t.strictSame(await store.names(), names)
  t.strictSame(await inner.names(), ['inner'])
  await store.remove('x', (await store.get('x'))!.version)
  t.notOk((await store.names()).includes('x'), 'the parent of others is no entry')
  await store.create('x', bytes('again'))
  await inner.remove('inner', version)
  t.equal(Buffer.from((await store.get('x'))!.value).toString(), 'again')
  t.strictSame(await stores.namespace('missing').names(), [])
  await a.ha.close({ cleanUp: true })
  t.strictSame(world.zooKeeper.paths, [])
})

t.test('NodeStore keeps large values in files, as long as a node names them', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const store = a.stores().namespace('x')
  const created = await store.create('e', LARGE)
  t.strictSame(Buffer.compare((await store.get('e'))!.value, LARGE), 0)
  t.ok(world.zooKeeper.data(`${ENTRIES}/x/e`)!.length < 250, 'the node is a pointer')
  t.equal((await world.files()).length, 1)
  await t.rejects(store.create('e', LARGE), { code: 'FLINK_HA_ENTRY_EXISTS' })
  await settle()
  t.equal((await world.files()).length, 1, 'what was not made leaves no file')
  const replaced = await store.replace('e', Buffer.alloc(6_000, 'y'), created)
  await settle()
  t.equal((await world.files()).length, 1)
  t.equal((await store.get('e'))!.value.length, 6_000)
  const small = await store.replace('e', bytes('small'), replaced)
  await settle()
  t.strictSame(await world.files(), [])
  await store.replace('e', LARGE, small)
  await a.stores().cleanUpJob(JOB)
  await a.ha.close()
  t.equal((await world.files()).length, 1, 'what is kept is kept')
  const b = await leader(world, 'b')
  t.equal((await b.stores().namespace('x').get('e'))!.value.length, LARGE.length)
  await settle()
  t.equal((await world.files()).length, 1, 'a file that a node names is not swept')
  await b.ha.close({ cleanUp: true })
  t.strictSame([world.zooKeeper.paths, await world.fileSystem.exists(FOLDER)], [[], false])
})

t.test(
  'A term removes files that no node names and nodes of components that are nowhere',
  async (t) => {
    const world = new HaWorld()
    const a = await leader(world)
    a.contend({ kind: 'jobmanager', jobId: JOB })
    await settle()
    await a.stores().jobGraphs.getJobIds()
    await a.stores().namespace('x').create('e', LARGE)
    // Written, and then the process dies before the node is.
    const orphan = `${FOLDER}/entries/${a.tokens[0]!.epoch}-0123456789abcdef`
    const strange = `${FOLDER}/entries/notes.txt`
    for (const path of [orphan, strange]) {
      await (await world.fileSystem.create(path, 'exclusive')).close()
    }
    world.zooKeeper.crash('a')
    await world.advance(11_000)
    t.ok(world.zooKeeper.paths.includes(`/flink/default/leader/${JOB}`))
    const b = await leader(world, 'b')
    await world.advance(1_000)
    const files = await world.files()
    t.notOk(files.includes(orphan))
    t.ok(files.includes(strange), 'what others have put there stays')
    t.equal(files.length, 2)
    t.notOk(world.zooKeeper.paths.includes(`/flink/default/leader/${JOB}`))
    await b.ha.close({ cleanUp: true })
  },
)

t.test('NodeStore names node and file of an entry that cannot be read', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const store = a.stores().namespace('x')
  const corrupt = (message: RegExp) => ({ code: 'FLINK_HA_ENTRY_CORRUPT', message })
  await store.create('e', LARGE)
  const [file] = await world.files()
  const stream = await world.fileSystem.create(file!, 'overwrite')
  await stream.write(Buffer.alloc(5_000, 'z'))
  await stream.close()
  await t.rejects(store.get('e'), corrupt(new RegExp(`${ENTRIES}/x/e.*${file}.*SHA-256`)))
  await (await world.fileSystem.create(file!, 'overwrite')).close()
  await t.rejects(store.get('e'), corrupt(new RegExp(`${file} should have 5000 bytes`)))
  await world.fileSystem.delete(file!, { recursive: false })
  await t.rejects(store.get('e'), corrupt(new RegExp(`${file} is missing`)))
  world.zooKeeper.write(`${ENTRIES}/x/g`, bytes('garbage'))
  await t.rejects(store.get('g'), corrupt(new RegExp(`${ENTRIES}/x/g .*does not begin with`)))
  world.zooKeeper.write(`${ENTRIES}/execution-plans/${JOB}`, bytes('flink-ts/1 value\n{'))
  const { jobGraphs } = a.stores()
  await t.rejects(
    jobGraphs.getJobGraph(JOB),
    corrupt(new RegExp(`${ENTRIES}/execution-plans/${JOB}`)),
  )
  await store.create('h', LARGE)
  const [lost] = await world.files()
  await world.fileSystem.delete(lost!, { recursive: false })
  world.zooKeeper.write(`${ENTRIES}/job-results/${JOB}`, world.zooKeeper.data(`${ENTRIES}/x/h`)!)
  await a.stores().jobResults.markClean(JOB, false)
  t.notOk(world.zooKeeper.paths.includes(`${ENTRIES}/job-results/${JOB}`), 'it can be removed')
  // An entry that cannot be read may be meant to name a file: none is removed then.
  const orphan = `${FOLDER}/entries/1-0123456789abcdef`
  await (await world.fileSystem.create(orphan, 'exclusive')).close()
  await a.ha.close()
  const b = await leader(world, 'b')
  t.strictSame(await world.files(), [orphan])
  t.match(world.warnings().join(), /cannot be read may be meant/)
  await b.ha.close({ cleanUp: true })
})

t.test(
  'NodeStore reads again what the connection has got in the way of, and says when it gives up',
  async (t) => {
    const world = new HaWorld()
    const tolerate = 'high-availability.zookeeper.client.tolerate-suspended-connections'
    const a = world.process('a', { settings: { [tolerate]: 'true' } })
    a.contend()
    await settle()
    const store = a.stores().namespace('x')
    await store.create('e', bytes('1'))
    const read = store.get('e')
    world.zooKeeper.cut('a')
    await settle()
    world.zooKeeper.restore('a')
    await settle()
    t.match(await read, { value: bytes('1') })
    const lost = t.rejects(store.get('e'), { code: 'FLINK_COORDINATION_CONNECTION_LOST' })
    world.zooKeeper.loseQuorum()
    await world.advance(120_000, 5_000)
    await lost
    world.zooKeeper.restoreQuorum()
    await world.advance(20_000)
    // Storage that is away for a moment.
    await a.stores().namespace('x').create('large', LARGE)
    const { open } = world.fileSystem
    let failures = 2
    world.fileSystem.open = async (path) => {
      if (failures-- > 0) throw new Error('the storage is away')
      return open.call(world.fileSystem, path)
    }
    const large = a.stores().namespace('x').get('large')
    await world.advance(10_000)
    t.equal((await large)?.value.length, LARGE.length)
    await a.ha.close()
  },
)

t.test(
  'Writes of a term that is over are refused; those of a lost connection are unknown',
  async (t) => {
    const world = new HaWorld()
    const a = await leader(world)
    const b = await leader(world, 'b')
    const store = a.stores().namespace('x')
    const version = await store.create('e', bytes('1'))
    // Its node goes before the write arrives, and before the process knows.
    const [first] = world.zooKeeper.children('/flink/default/leader/latch')
    world.zooKeeper.standStill('a')
    world.zooKeeper.delete(`/flink/default/leader/latch/${first}`)
    t.equal(a.leads, true)
    const late = [
      store.create('f', bytes('')),
      store.create('g', LARGE),
      store.replace('e', bytes(''), version),
      store.remove('e', version),
      a.stores().cleanUpJob(JOB),
    ]
    const refused = Promise.all(
      late
        .slice(0, 4)
        .map((write) =>
          t.rejects(write as Promise<unknown> as Promise<void>, { code: 'FLINK_LEADERSHIP_LOST' }),
        ),
    )
    await settle()
    world.zooKeeper.goOn('a')
    await refused
    await late[4]
    t.strictSame(await b.stores().namespace('x').names(), ['e'])
    await settle()
    t.strictSame(await world.files(), [])
    const outcomes = new Set<string>()
    const c = b.stores().namespace('unknown')
    for (let i = 0; i < 12; i++) {
      const write = c.create(`${i}`, LARGE).then(
        () => 'made',
        (error) => error.code as string,
      )
      for (let step = 0; step < i; step++) await Promise.resolve()
      world.zooKeeper.cut('b')
      await settle()
      world.zooKeeper.restore('b')
      await world.advance(2_000)
      outcomes.add(await write)
      await a.ha.close()
      await world.advance(2_000)
    }
    outcomes.delete('made')
    t.ok(
      [...outcomes].every((code) =>
        ['FLINK_LEADERSHIP_LOST', 'FLINK_COORDINATION_CONNECTION_LOST'].includes(code),
      ),
      [...outcomes].join(),
    )
    await b.ha.close()
  },
)

t.test('Changes of which nobody heard leave no file when they are repeated', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const store = a.stores().namespace('x')
  const again = async (change: () => Promise<unknown>, delay: number) => {
    for (let attempt = 0; ; attempt++) {
      const outcome = change().then(
        () => 'done',
        (error) => error.code as string,
      )
      if (attempt === 0) {
        for (let step = 0; step < delay; step++) await Promise.resolve()
        world.zooKeeper.cut('a')
        await settle()
        world.zooKeeper.restore('a')
        await settle()
      }
      if ((await outcome) === 'done') return
      t.match(await outcome, /CONNECTION_LOST|ENTRY_EXISTS|ENTRY_VERSION/)
      if (/EXISTS/.test(await outcome)) return
    }
  }
  for (let delay = 0; delay < 60; delay += 3) {
    await again(() => store.create('e', LARGE), delay)
    await settle()
    t.equal((await world.files()).length, 1, 'created')
    await again(async () => {
      await store.replace('e', Buffer.alloc(5_000, delay), (await store.get('e'))!.version)
    }, delay)
    await settle()
    t.equal((await world.files()).length, 1, 'replaced')
    await again(async () => {
      const entry = await store.get('e')
      if (entry !== undefined) await store.remove('e', entry.version)
    }, delay)
    await settle()
    t.strictSame(await world.files(), [], 'removed')
    await store.create('f', LARGE)
    await again(() => a.stores().cleanUpJob('x'), delay)
    const inJob = a.stores().jobNamespace(JOB, 'x')
    await inJob.create('g', LARGE)
    await again(() => a.stores().cleanUpJob(JOB), delay)
    await settle()
    t.equal((await world.files()).length, 1, 'of the job none')
    await store.remove('f', (await store.get('f'))!.version)
    await settle()
  }
  t.equal(a.tokens.length, 1, 'all in one term')
  await a.ha.close()
  t.strictSame(world.zooKeeper.paths, [])
})

t.test('A file is kept while nobody knows whether a node names it', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const store = a.stores().namespace('x')
  const lost = { code: 'FLINK_COORDINATION_CONNECTION_LOST' }
  const failing = (reason: 'unknown' | 'operation-timeout' | 'no-auth') =>
    new ZooKeeperError({ reason, operation: 'do this' })
  const { multi, getData } = a.zooKeeper
  for (const reason of ['unknown', 'operation-timeout'] as const) {
    a.zooKeeper.multi = async (operations) => {
      await multi.call(a.zooKeeper, operations)
      if (operations.length > 1) throw failing(reason)
      return []
    }
    await t.rejects(store.create(reason, LARGE), lost)
  }
  a.zooKeeper.multi = multi
  a.zooKeeper.getData = async () => {
    throw failing('no-auth')
  }
  await t.rejects(store.create('unread', LARGE), { code: 'FLINK_ZOOKEEPER_NO_AUTH' })
  a.zooKeeper.getData = getData
  for (const name of ['unknown', 'operation-timeout', 'unread']) {
    t.equal((await store.get(name))?.value.length, LARGE.length, name)
  }
  await a.ha.close({ cleanUp: true })
})

t.test('A job that has ended leaves no node and no file', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const stores = a.stores()
  const job = a.contend({ kind: 'jobmanager', jobId: JOB })
  await stores.jobNamespace(JOB, 'checkpoints').create('1', bytes('p'))
  await stores.jobNamespace(JOB, 'jobmaster').create('o', LARGE)
  await stores.namespace('drivers/mine').create('of others', bytes('1'))
  await stores.jobResults.putDirtyResult({
    jobId: JOB,
    name: 'j',
    status: 'FINISHED',
  } as Parameters<typeof stores.jobResults.putDirtyResult>[0])
  await job.close()
  await stores.cleanUpJob(JOB)
  await stores.cleanUpJob(JOB)
  await stores.jobResults.markClean(JOB, false)
  await settle()
  t.strictSame(
    world.zooKeeper.paths.filter((path) => path.includes(JOB) || /job/.test(path)),
    [],
  )
  t.strictSame(await world.files(), [])
  t.strictSame(await stores.namespace('drivers/mine').names(), ['of others'])
  await a.ha.close()
  t.ok(world.zooKeeper.paths.includes(`${ENTRIES}/drivers/mine/of%20others`), 'entries are kept')
})

t.test('close removes everything but what others have put there, only as leader', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const b = await leader(world, 'b')
  await a.stores().namespace('x').create('e', LARGE)
  await b.ha.close({ cleanUp: true })
  t.ok(world.zooKeeper.paths.includes(`${ENTRIES}/x/e`), 'a standby removes nothing')
  world.zooKeeper.write('/flink/other', bytes('of somebody else'))
  await a.ha.close({ cleanUp: true })
  t.strictSame(world.zooKeeper.paths, ['/flink', '/flink/other'])
  t.equal(await world.fileSystem.exists(FOLDER), false)
  t.equal(world.manual.pendingTimers, 0)
})

t.test('A clean-up spares what a later leader has written since the nodes went', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  const store = a.stores().namespace('x')
  await store.create('e', LARGE)
  const { epoch } = a.tokens[0]!
  const blob = `${FOLDER}/blob/${epoch}-k`
  const later = [
    `${FOLDER}/entries/${epoch + 90}-0123456789abcdef`,
    `${FOLDER}/blob/${epoch + 90}-k`,
  ]
  for (const path of [blob, ...later]) {
    await (await world.fileSystem.create(path, 'exclusive')).close()
  }
  await a.ha.close({ cleanUp: true })
  t.strictSame((await world.files()).sort(), later.sort())
})

t.test('A process whose end is decided cleans up in no later term', async (t) => {
  const world = new HaWorld()
  const a = await leader(world)
  await a.stores().namespace('x').create('e', LARGE)
  a.ha.stopContending()
  t.equal(a.leads, true, 'its term goes on')
  const [node] = world.zooKeeper.children(LATCH)
  world.zooKeeper.delete(`${LATCH}/${node}`)
  await world.advance(2_000)
  t.equal(a.leads, false)
  t.equal(a.tokens.length, 1)
  await a.ha.close({ cleanUp: true })
  t.equal((await world.files()).length, 1)
  const b = await leader(world, 'b')
  b.ha.stopContending()
  await b.ha.close({ cleanUp: true })
  t.strictSame([world.zooKeeper.paths, await world.files()], [[], []])
})

t.test('Checkpoints are few and small nodes, and few writes', async (t) => {
  const world = new HaWorld()
  let sent: ZooKeeperOperation[] = []
  const a = await leader(world)
  const multi = a.zooKeeper.multi.bind(a.zooKeeper)
  a.zooKeeper.multi = (operations) => {
    sent.push(...operations)
    return multi(operations)
  }
  const options = {
    store: a.stores().jobNamespace(JOB, 'checkpoints'),
    numRetained: 1,
    log: noopLogger,
  }
  const counter = new CheckpointIdCounter(a.stores().jobNamespace(JOB, 'checkpoint-ids'))
  const completed = await CompletedCheckpointStore.recover(options, async () => {
    throw new Error('nothing is there')
  })
  for (let i = 1n; i <= 10n; i++) {
    sent = []
    const checkpointId = await counter.getAndIncrement()
    t.equal(checkpointId, i)
    await completed.add({
      checkpointId,
      externalPath: `/checkpoints/${JOB}/chk-${checkpointId}`,
      completionTimestampMs: 1,
    } as Parameters<typeof completed.add>[0])
    if (i > 2n) t.strictSame(sent.filter(({ type }) => type !== 'check').length, 3)
  }
  const below = world.zooKeeper.paths.filter((path) => path.startsWith(`${ENTRIES}/jobs/${JOB}/`))
  t.strictSame(
    below.map((path) => path.slice(`${ENTRIES}/jobs/${JOB}/`.length)),
    [
      'checkpoint-ids',
      'checkpoint-ids/checkpoint-id-counter',
      'checkpoints',
      'checkpoints/0000000000000000010',
    ],
  )
  t.ok(below.every((path) => world.zooKeeper.data(path)!.length < 300))
  // Another leader goes on where this one was.
  const b = await leader(world, 'b')
  await a.ha.close()
  await settle()
  const later = new CheckpointIdCounter(b.stores().jobNamespace(JOB, 'checkpoint-ids'))
  t.equal(await later.getAndIncrement(), 11n)
  await t.rejects(counter.getAndIncrement(), { code: 'FLINK_COORDINATION_CONNECTION_LOST' })
  await b.ha.close({ cleanUp: true })
  t.strictSame(world.zooKeeper.paths, [])
})
