import {
  FileSystemRegistry,
  hashKey,
  InMemoryFileSystem,
  keyGroupFor,
  operatorIdOfUid,
  SeededRandom,
  Types,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { FileSystemCheckpointStorage, openStateHandle, StateStreams } from '@flink-ts/state'
import {
  describeSavepoint,
  type OperatorDefinition,
  SavepointReader,
  SavepointWriter,
  type SavepointWriterOptions,
  TimedValue,
  valueToJson,
} from '@flink-ts/state-tools'
import t from 'tap'

function world() {
  const clock = new ManualClock(1_700_000_000_000)
  const random = new SeededRandom(3)
  const files = new InMemoryFileSystem({ clock, random, scheme: 'file' })
  const fileSystems = new FileSystemRegistry([files])
  const options: SavepointWriterOptions = { fileSystems, clock, random, inlineThresholdBytes: 64 }
  return { files, fileSystems, options }
}

const word = (i: number) => `word ${i}`
const order = Types.object({ item: Types.string, amount: Types.double })

const counts: OperatorDefinition = {
  uid: 'counts',
  name: 'count words',
  parallelism: 3,
  keyed: {
    keyType: Types.string,
    states: [
      { name: 'count', kind: 'value', type: Types.int },
      { name: 'orders', kind: 'list', type: order },
      { name: 'by item', kind: 'map', type: 'dynamic', mapKeyType: Types.string },
      { name: 'timers', kind: 'timer', type: 'dynamic' },
    ],
    records: [...recordsOfCounts()],
  },
}

function* recordsOfCounts() {
  for (let i = 0; i < 200; i++) {
    yield { state: 'count', key: word(i), value: i }
    if (i % 2 === 0) {
      const value = [
        { item: 'a', amount: i },
        { item: 'b', amount: 0.5 },
      ]
      yield { state: 'orders', key: word(i), value }
    }
    if (i < 10) {
      yield { state: 'by item', key: word(i), value: new Map([['x', { n: i }]]) }
      const value = [{ timestamp: 1000 + i, namespace: undefined }]
      yield { state: 'timers', key: word(i), value }
    }
  }
}

const source: OperatorDefinition = {
  uid: 'source',
  parallelism: 2,
  coordinatorState: Buffer.from('enumerator'),
  operatorStates: {
    states: [
      { name: 'splits', kind: 'splitList', type: 'dynamic' },
      { name: 'all', kind: 'unionList', type: Types.long },
      { name: 'rules', kind: 'broadcast', type: Types.string, mapKeyType: Types.int },
    ],
    records: [
      ...[1, 2, 3].map((id) => ({ state: 'splits', value: { id, offset: id * 10 } })),
      { state: 'all', value: 7n },
      { state: 'rules', value: [1, 'one'] },
      { state: 'rules', value: [2, 'two'] },
    ],
  },
}

/** A savepoint at /sp. */
async function written() {
  const w = world()
  await SavepointWriter.create(w.options).withOperator(counts).withOperator(source).write('/sp')
  return { ...w, reader: await SavepointReader.open('/sp', w) }
}
async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

t.test(
  'SavepointReader reads the keyed states that SavepointWriter wrote, each key in its group',
  async (t) => {
    const { reader } = await written()
    const found = await all(reader.readKeyedState<number>('counts', 'count'))
    t.equal(found.length, 200)
    for (const { key, keyGroup, value } of found) {
      t.equal(key, word(value))
      t.equal(keyGroup, keyGroupFor(hashKey(key), 128))
    }
    t.strictSame(
      found.map(({ keyGroup }) => keyGroup),
      found.map(({ keyGroup }) => keyGroup).sort((a, b) => a - b),
    )
    t.equal((await all(reader.readKeyedState('counts', 'orders'))).length, 100)
    t.match(await reader.readKey('counts', 'orders', word(4)), {
      value: [
        { item: 'a', amount: 4 },
        { item: 'b', amount: 0.5 },
      ],
    })
    const byItem = await reader.readKey<Map<string, unknown>>('counts', 'by item', word(4))
    t.strictSame(byItem!.value, new Map([['x', { n: 4 }]]))
    t.strictSame((await reader.readKey('counts', 'timers', word(4)))!.value, [
      { timestamp: 1004, namespace: undefined },
    ])
    t.equal(await reader.readKey('counts', 'orders', word(5)), undefined)
    t.equal(await reader.readKey('counts', 'count', 'nobody'), undefined)
  },
)

t.test('SavepointReader reads operator state, broadcast state once', async (t) => {
  const { reader } = await written()
  const splits = await all(reader.readOperatorState<{ id: number }>('source', 'splits'))
  t.strictSame(splits.map(({ id }) => id).sort(), [1, 2, 3])
  t.strictSame(await all(reader.readOperatorState('source', 'all')), [7n])
  t.strictSame(await all(reader.readOperatorState('source', 'rules')), [
    [1, 'one'],
    [2, 'two'],
  ])
  t.equal(Buffer.from(reader.findOperator('source').coordinatorState!).toString(), 'enumerator')
})

t.test('SavepointReader finds operators by uid, id and name', async (t) => {
  const { reader } = await written()
  const id = operatorIdOfUid('counts')
  for (const name of ['counts', id, 'count words'])
    t.equal(reader.findOperator(name).operatorId, id)
})

t.test('describeSavepoint counts keys and elements by key group', async (t) => {
  const { reader } = await written()
  const [first, second] = await describeSavepoint(reader)
  t.match(first, {
    operatorUid: 'counts',
    operatorName: 'count words',
    parallelism: 3,
    maxParallelism: 128,
    keyType: { kind: 'string' },
    isNative: false,
    states: [
      { name: 'count', kind: 'value', type: { kind: 'int' }, keys: 200, elements: 200 },
      { name: 'orders', kind: 'list', keys: 100, elements: 200 },
      { name: 'by item', kind: 'map', keys: 10, elements: 10 },
      { name: 'timers', kind: 'timer', keys: 10, elements: 10 },
    ],
  })
  const { keyGroups } = first!.states[0]!
  t.equal(
    keyGroups!.reduce((sum, { keys }) => sum + keys, 0),
    200,
  )
  const group = keyGroupFor(hashKey(word(0)), 128)
  t.ok(keyGroups!.some(({ keyGroup }) => keyGroup === group))
  t.ok(first!.sizeBytes > 1000)
  t.match(second, {
    coordinatorBytes: 10,
    states: [
      { name: 'splits', elements: 3 },
      { name: 'all', elements: 1 },
      { name: 'rules', elements: 2 },
    ],
  })
  t.equal(second!.states[0]!.keys, undefined)
})

t.test(
  'SavepointWriter changes, adds, renames and removes operators; the rest is copied',
  async (t) => {
    const { reader, options, files, fileSystems } = await written()
    await SavepointWriter.from(reader, options)
      .transformOperator('counts', {
        states: [{ name: 'count', kind: 'value', type: Types.object({ n: Types.int }) }],
        removedStates: ['timers'],
        keyed: (record) => {
          if (record.state !== 'count') return record
          const value = { n: record.value as number }
          if (value.n === 0) return undefined
          if (value.n > 1) return { ...record, value }
          return [
            { ...record, value },
            { ...record, key: 'copied', value },
          ]
        },
      })
      .renameOperator('source', 'source-2')
      .withOperator({
        uid: 'new',
        keyed: {
          states: [{ name: 'seen', kind: 'reducing', type: 'dynamic' }],
          records: [{ state: 'seen', key: [1, 'a'], value: true }],
        },
      })
      .write('/sp2/')
    // What was copied stands alone.
    await files.delete('/sp', { recursive: true })
    const changed = await SavepointReader.open('/sp2/_metadata', { fileSystems })
    const found = await all(changed.readKeyedState('counts', 'count'))
    t.equal(found.length, 200)
    t.strictSame((await changed.readKey('counts', 'count', 'copied'))!.value, { n: 1 })
    t.equal(await changed.readKey('counts', 'count', word(0)), undefined)
    t.equal((await all(changed.readKeyedState('counts', 'orders'))).length, 100)
    await t.rejects(changed.readKey('counts', 'timers', word(1)), {
      code: 'FLINK_STATE_UNKNOWN_STATE',
    })
    t.equal((await all(changed.readOperatorState('source-2', 'splits'))).length, 3)
    t.equal(changed.findOperator('source').operatorUid, 'source-2')
    t.equal((await changed.readKey('new', 'seen', [1, 'a']))!.value, true)
    t.equal(changed.metadata.jobId, reader.metadata.jobId)

    await SavepointWriter.from(changed, options).removeOperator('new').write('/sp3')
    const third = await SavepointReader.open('/sp3', { fileSystems })
    t.strictSame(third.operators.map(({ operatorUid }) => operatorUid).sort(), [
      'counts',
      'source-2',
    ])
  },
)

t.test(
  'SavepointReader answers values of states with a time to live with their last access',
  async (t) => {
    const { options, fileSystems } = world()
    const value = new TimedValue({ n: 1 }, 5000)
    await SavepointWriter.create(options)
      .withOperator({
        uid: 'o',
        keyed: {
          states: [{ name: 's', kind: 'value', type: 'dynamic', ttl: true }],
          records: [{ state: 's', key: 'k', value }],
        },
      })
      .write('/ttl')
    const reader = await SavepointReader.open('/ttl', { fileSystems })
    const entry = await reader.readKey('o', 's', 'k')
    t.strictSame(entry?.value, value)
    t.strictSame(valueToJson(entry?.value), {
      $ttl: { lastAccess: '1970-01-01T00:00:05.000Z', value: { n: 1 } },
    })
  },
)

t.test('SavepointWriter leaves nothing behind when it fails', async (t) => {
  const { files, options, reader } = await written()
  const states = [{ name: 's', kind: 'value', type: Types.int }] as const
  const write = (records: readonly { state: string; key: unknown; value: unknown }[]) =>
    SavepointWriter.create(options)
      .withOperator({ uid: 'o', keyed: { states, records } })
      .write('/new')
  const twice = { state: 's', key: 'k', value: 1 }
  await t.rejects(write([twice, twice]), {
    code: 'FLINK_STATE_DUPLICATE_KEY',
    message: /'s' of operator "o": the key "k" comes twice/,
  })
  await t.rejects(write([{ ...twice, value: 'text' }]), { code: 'FLINK_STATE_VALUE' })
  await t.rejects(write([{ ...twice, state: 't' }]), { code: 'FLINK_STATE_UNKNOWN_STATE' })
  t.equal(await files.exists('/new'), false)
  await t.rejects(SavepointWriter.from(reader, options).write('/sp'), {
    code: 'FLINK_STATE_TOOL_USAGE',
    message: /not empty/,
  })
  t.ok(await files.exists('/sp/_metadata'))
  t.throws(() => SavepointWriter.from(reader, options).withOperator(source), {
    message: /one already/,
  })
})

t.test('SavepointReader.open says of each bad input what it is', async (t) => {
  const { files, fileSystems } = await written()
  const open = (path: string) => SavepointReader.open(path, { fileSystems })
  await t.rejects(open('/nowhere'), { code: 'FLINK_CHECKPOINT_NOT_FOUND', message: /nowhere/ })
  await files.mkdirs('/folder')
  await t.rejects(open('/folder'), { code: 'FLINK_CHECKPOINT_NOT_FOUND' })
  const put = async (path: string, bytes: Uint8Array) => {
    const stream = await files.create(path, 'overwrite')
    await stream.write(bytes)
    await stream.close()
  }
  await put('/flink/_metadata', Buffer.from([0x49, 0x60, 0x67, 0x2d, 0, 0, 0, 4, 0, 0]))
  await t.rejects(open('/flink'), { code: 'FLINK_STATE_NOT_A_SAVEPOINT', message: /Apache Flink/ })
  await put('/empty/_metadata', Buffer.alloc(0))
  await t.rejects(open('/empty'), { code: 'FLINK_SNAPSHOT_CORRUPT' })
})

t.test('SavepointReader finds each damaged byte of a state file that it reads', async (t) => {
  const { files, reader } = await written()
  const { keyed } = reader.findOperator('counts').subtasks.get(1)!
  const handle = keyed!.snapshot
  if (handle.kind !== 'file') throw new Error('the state is in a file')
  const stream = await files.open(handle.path)
  const bytes = Buffer.alloc(handle.sizeBytes)
  await stream.read(bytes, 0)
  for (let at = 0; at < bytes.length; at += 97) {
    const damaged = Buffer.from(bytes)
    damaged[at]! ^= 0x10
    const out = await files.create(handle.path, 'overwrite')
    await out.write(damaged)
    await out.close()
    await t.rejects(describeSavepoint(reader), { code: 'FLINK_SNAPSHOT_CORRUPT' }, `byte ${at}`)
  }
  await files.delete(handle.path, { recursive: false })
  await t.rejects(describeSavepoint(reader), { code: 'FLINK_FILE_NOT_FOUND' })
})

t.test('state in files of a backend is told, copied, and not looked into', async (t) => {
  const { files, fileSystems, options } = world()
  const random = new SeededRandom(4)
  const location = { directory: '/cp/chk-7', sharedDirectory: '/cp/shared' }
  const streams = new StateStreams({ fileSystems, random, location })
  const stored = async (scope: 'exclusive' | 'shared') => {
    const stream = streams.open(scope)
    await stream.write(Buffer.from(`${scope} bytes`))
    return stream.finish()
  }
  const keyed = {
    keyGroups: { start: 0, end: 127 },
    snapshot: await stored('exclusive'),
    shared: [{ key: '1.sst', handle: await stored('shared') }],
  }
  const storage = new FileSystemCheckpointStorage({ fileSystems, random, jobId: 'a'.repeat(32) })
  await storage.complete(location, {
    jobId: 'a'.repeat(32),
    checkpointId: 7n,
    timestampMs: 1,
    kind: 'CHECKPOINT',
    operators: [
      {
        operatorId: operatorIdOfUid('o'),
        operatorName: 'on disk',
        parallelism: 1,
        maxParallelism: 128,
        subtasks: new Map([[0, { keyed }]]),
      },
    ],
  })
  const reader = await SavepointReader.open('/cp/chk-7', { fileSystems })
  t.match(await describeSavepoint(reader), [{ isNative: true, states: [], sizeBytes: 27 }])
  await t.rejects(reader.readKey('o', 's', 'k'), { code: 'FLINK_STATE_NATIVE', message: /on disk/ })
  await SavepointWriter.from(reader, options).write('/copy')
  await files.delete('/cp', { recursive: true })
  const copy = await SavepointReader.open('/copy', { fileSystems })
  const [shared] = copy.findOperator('o').subtasks.get(0)!.keyed!.shared!
  t.equal(shared!.key, '1.sst')
  const source = await openStateHandle(fileSystems, shared!.handle!)
  const bytes = Buffer.alloc(source.sizeBytes)
  await source.read(bytes, 0)
  await source.close()
  t.equal(bytes.toString(), 'shared bytes')
})

t.test(
  'subtasks that had ended stay so, and what was on its way stays, when an operator is transformed',
  async (t) => {
    const { fileSystems, options, files } = world()
    await SavepointWriter.create(options)
      .withOperator({
        uid: 'o',
        parallelism: 2,
        operatorStates: {
          states: [{ name: 's', kind: 'splitList', type: Types.int }],
          records: [{ state: 's', value: 1 }],
        },
      })
      .write('/sp')
    const first = await SavepointReader.open('/sp', { fileSystems })
    const [operator] = first.operators
    const random = new SeededRandom(6)
    const location = { directory: '/cp', sharedDirectory: '/cp' }
    const streams = new StateStreams({ fileSystems, random, location, inlineThresholdBytes: 0 })
    const stream = streams.open('exclusive')
    await stream.write(Buffer.from('on its way'))
    const inFlight = await stream.finish()
    const subtasks = new Map([
      [0, { ...operator!.subtasks.get(0)!, inFlight }],
      [1, { finished: true }],
    ])
    const storage = new FileSystemCheckpointStorage({ fileSystems, random, jobId: 'a'.repeat(32) })
    await storage.complete(location, { ...first.metadata, operators: [{ ...operator!, subtasks }] })
    const reader = await SavepointReader.open('/cp', { fileSystems })
    await SavepointWriter.from(reader, options)
      .transformOperator('o', { operatorStates: (record) => ({ ...record, value: 2 }) })
      .write('/changed')
    await SavepointWriter.from(reader, options).write('/copied')
    await files.delete('/cp', { recursive: true })
    for (const path of ['/changed', '/copied']) {
      const changed = (await SavepointReader.open(path, { fileSystems })).findOperator('o')
      t.match(changed.subtasks.get(0)!.inFlight, { sizeBytes: 10 })
      const source = await openStateHandle(fileSystems, changed.subtasks.get(0)!.inFlight!)
      await source.close()
      t.strictSame(changed.subtasks.get(1), { finished: true })
    }
  },
)

t.test('SavepointReader names the nearest operator and state', async (t) => {
  const { reader } = await written()
  t.throws(() => reader.findOperator('count'), { message: /did you mean 'counts'/ })
  t.throws(() => reader.findOperator('xyz'), {
    message: /there are 'counts', 'count words', 'source'/,
  })
  await t.rejects(all(reader.readKeyedState('counts', 'ordres')), {
    message: /did you mean 'orders'/,
  })
  await t.rejects(all(reader.readOperatorState('source', 'split')), { message: /'splits'/ })
})

t.test('valueToJson keeps apart what JSON has not', async (t) => {
  const circular: unknown[] = []
  circular.push(circular)
  class Point {
    x = 1
  }
  const cases: [unknown, unknown][] = [
    [{ a: [1, 'x', null, true] }, { a: [1, 'x', null, true] }],
    [12n, { $bigint: '12' }],
    [undefined, { $undefined: true }],
    [
      [Number.NaN, -0],
      [{ $number: 'NaN' }, { $number: '-0' }],
    ],
    [new Date(0), { $date: '1970-01-01T00:00:00.000Z' }],
    [Buffer.from('hi'), { $bytes: 'aGk=' }],
    [new Map([[1, new Set(['a'])]]), { $map: [[1, { $set: ['a'] }]] }],
    [circular, [{ $circular: 1 }]],
    [new Point(), { $class: { name: 'Point', fields: { x: 1 } } }],
    [{ $date: 1 }, { $object: [['$date', 1]] }],
  ]
  for (const [value, json] of cases) t.strictSame(valueToJson(value), json)
})
