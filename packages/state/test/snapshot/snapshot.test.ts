import {
  encodeKey,
  hashKey,
  type KeyGroupRange,
  keyGroupFor,
  type TypeDescription,
  Types,
} from '@flink-ts/core'
import {
  type SnapshotBlock,
  SnapshotCorruptError,
  SnapshotReader,
  SnapshotVersionError,
  SnapshotWriter,
  type StateDescription,
  StateValueError,
  snapshotSourceOfBytes,
} from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'

const MAX_PARALLELISM = 16
const ORDER = Types.object({ id: Types.string, amount: Types.double })
const STATES: StateDescription[] = [
  { name: 'count', kind: 'value', type: 'dynamic' },
  { name: 'order', kind: 'reducing', type: ORDER },
  { name: 'events', kind: 'list', type: Types.string },
  { name: 'byName', kind: 'map', type: 'dynamic', mapKeyType: Types.string },
  { name: 'timer', kind: 'timer', type: 'dynamic' },
]

function keyedWriter(states = STATES): SnapshotWriter {
  return new SnapshotWriter({
    description: {
      operatorId: 'a'.repeat(32),
      operatorName: 'count words',
      subtaskIndex: 0,
      states,
      keyed: {
        maxParallelism: MAX_PARALLELISM,
        firstKeyGroup: 0,
        lastKeyGroup: 15,
        keyType: 'dynamic',
      },
    },
  })
}

const bytesOf = (writer: SnapshotWriter) => Buffer.concat(writer.takePending())
const groupOf = (key: unknown) => keyGroupFor(hashKey(key), MAX_PARALLELISM)
const open = (bytes: Uint8Array, kind: 'keyed' | 'operator' = 'keyed') =>
  SnapshotReader.open(snapshotSourceOfBytes(bytes, '/s/x'), kind)

async function readAll(bytes: Uint8Array, range?: KeyGroupRange): Promise<SnapshotBlock[]> {
  const reader = await open(bytes)
  const blocks: SnapshotBlock[] = []
  const all = range === undefined ? reader.blocks() : reader.blocksOfKeyGroups(range)
  for await (const block of all) blocks.push(block)
  return blocks
}

type Model = Map<string, unknown[]>

/** State and key to all that it holds, lists and the like joined. */
function contents(blocks: readonly SnapshotBlock[]): Model {
  const model: Model = new Map()
  for (const { state, entries } of blocks) {
    for (const entry of entries) {
      const id = `${state.name} ${Buffer.from(encodeKey(entry.key)).toString('hex')}`
      const held =
        'value' in entry
          ? [entry.value]
          : 'elements' in entry
            ? entry.elements
            : 'timers' in entry
              ? entry.timers
              : entry.mapEntries
      model.set(id, [...(model.get(id) ?? []), ...held])
    }
  }
  return model
}

const sorted = (model: Model) => [...model].sort(([a], [b]) => (a < b ? -1 : 1))
const idOf = (state: string, key: unknown) =>
  `${state} ${Buffer.from(encodeKey(key)).toString('hex')}`

const keys = fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.tuple(fc.string(), fc.boolean()))
const dynamicValues = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constantFrom(null, true, 7n),
  fc.record({ word: fc.string(), count: fc.nat() }, { noNullPrototype: true }),
)

const writes = fc.uniqueArray(
  fc.record({
    key: keys,
    count: fc.option(dynamicValues, { nil: undefined }),
    order: fc.option(fc.record({ id: fc.string(), amount: fc.double({ noNaN: true }) }), {
      nil: undefined,
    }),
    events: fc.array(fc.string(), { maxLength: 5 }),
    byName: fc.uniqueArray(fc.tuple(fc.string(), dynamicValues), {
      maxLength: 4,
      selector: (e) => e[0],
    }),
    timers: fc.array(
      fc.record({ timestamp: fc.integer(), namespace: dynamicValues }, { noNullPrototype: true }),
      {
        maxLength: 3,
      },
    ),
  }),
  { maxLength: 40, selector: ({ key }) => Buffer.from(encodeKey(key)).toString('hex') },
)

t.test(
  'SnapshotWriter and SnapshotReader: what was written is read, in any order of keys',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(writes, async (entries) => {
        const writer = keyedWriter()
        const model: Model = new Map()
        for (const { key, count, order, events, byName, timers } of entries) {
          const keyGroup = groupOf(key)
          if (count !== undefined) {
            writer.addValue(0, keyGroup, key, count)
            model.set(idOf('count', key), [count])
          }
          if (order !== undefined) {
            writer.addValue(1, keyGroup, key, order)
            model.set(idOf('order', key), [order])
          }
          writer.addList(2, keyGroup, key, events)
          if (events.length > 0) model.set(idOf('events', key), events)
          writer.addMap(3, keyGroup, key, byName)
          if (byName.length > 0) model.set(idOf('byName', key), byName)
          writer.addTimers(4, keyGroup, key, timers)
          if (timers.length > 0) model.set(idOf('timer', key), timers)
        }
        const summary = writer.finish()
        const bytes = bytesOf(writer)
        t.equal(summary.sizeBytes, bytes.length)
        const blocks = await readAll(bytes)
        t.same(sorted(contents(blocks)), sorted(model))
        t.ok(
          blocks.every(({ keyGroup, entries: e }) =>
            e.every(({ key }) => groupOf(key) === keyGroup),
          ),
        )
        const half = await readAll(bytes, { start: 3, end: 9 })
        const expected = blocks.filter(({ keyGroup }) => keyGroup! >= 3 && keyGroup! <= 9)
        t.same(sorted(contents(half)), sorted(contents(expected)))
      }),
      { numRuns: 60 },
    )
  },
)

function smallSnapshot(): Buffer {
  const writer = keyedWriter()
  for (const key of ['a', 'b', 'c']) {
    writer.addValue(0, groupOf(key), key, { word: key, count: 1 })
    writer.addList(2, groupOf(key), key, ['x', 'x'])
  }
  writer.finish()
  return bytesOf(writer)
}

t.test('SnapshotReader: every flipped bit is found', async (t) => {
  const bytes = smallSnapshot()
  let undetected = 0
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes)
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    const found = await readAll(damaged).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(found instanceof SnapshotCorruptError)) undetected++
  }
  t.equal(undetected, 0, `${bytes.length * 8} bits`)
})

t.test('SnapshotReader: every truncation and every addition is found', async (t) => {
  const bytes = smallSnapshot()
  for (let length = 0; length < bytes.length; length++) {
    await t.rejects(readAll(bytes.subarray(0, length)), SnapshotCorruptError)
  }
  await t.rejects(readAll(Buffer.concat([bytes, Buffer.of(0)])), SnapshotCorruptError)
})

t.test('SnapshotReader: frames that are swapped, left out or doubled are found', async (t) => {
  const writer = keyedWriter([{ name: 'n', kind: 'value', type: 'dynamic' }])
  for (let key = 0; key < 40; key++) writer.addValue(0, groupOf(key), key, key)
  writer.finish()
  const bytes = bytesOf(writer)
  const frames: Buffer[] = []
  for (let at = 16; at < bytes.length; ) {
    const end = at + 18 + bytes.readUInt32LE(at + 6)
    frames.push(bytes.subarray(at, end))
    at = end
  }
  t.ok(frames.length > 5)
  const header = bytes.subarray(0, 16)
  const variants = [
    [...frames.slice(0, 1), frames[2]!, frames[1]!, ...frames.slice(3)],
    [...frames.slice(0, 1), ...frames.slice(2)],
    [...frames.slice(0, 2), ...frames.slice(1)],
  ]
  for (const variant of variants) {
    await t.rejects(readAll(Buffer.concat([header, ...variant])), SnapshotCorruptError)
  }
})

t.test(
  'SnapshotReader: a later format and a file of another kind are refused by name',
  async (t) => {
    const { crc32 } = await import('node:zlib')
    const later = Buffer.from(smallSnapshot())
    later.writeUInt16LE(2, 8)
    later.writeUInt32LE(crc32(later.subarray(0, 12)), 12)
    await t.rejects(open(later), SnapshotVersionError)
    await t.rejects(open(smallSnapshot(), 'operator'), {
      code: 'FLINK_SNAPSHOT_CORRUPT',
      message: /kind 1, not 2/,
    })
  },
)

t.test('SnapshotWriter: operator state keeps the order of its elements', async (t) => {
  const writer = new SnapshotWriter({
    description: {
      operatorId: 'b'.repeat(32),
      operatorName: 'source',
      subtaskIndex: 2,
      states: [
        { name: 'splits', kind: 'splitList', type: Types.bytes },
        { name: 'rules', kind: 'broadcast', type: 'dynamic', mapKeyType: Types.string },
      ],
    },
  })
  const splits = Array.from({ length: 3000 }, (_, i) => Buffer.from(`split ${i}`))
  writer.addElements(0, splits.slice(0, 1))
  writer.addElements(0, splits.slice(1))
  writer.addBroadcast(1, new Map([['r', { limit: 3 }]]))
  const summary = writer.finish()
  t.same(summary.elements, [3000, 1])
  const reader = await open(bytesOf(writer), 'operator')
  t.equal(reader.description.subtaskIndex, 2)
  const read: unknown[] = []
  for await (const { state, entries } of reader.blocks()) {
    for (const entry of entries) {
      if ('elements' in entry) read.push(...entry.elements)
      else if ('mapEntries' in entry)
        t.same([state.name, entry.mapEntries], ['rules', [['r', { limit: 3 }]]])
    }
  }
  t.same(read, splits)
})

t.test(
  'SnapshotWriter: large states come in blocks, and pending bytes can be taken on the way',
  async (t) => {
    const writer = keyedWriter([{ name: 'n', kind: 'value', type: 'dynamic' }])
    const taken: Buffer[] = []
    for (let key = 0; key < 60_000; key++) {
      writer.addValue(0, groupOf(`word ${key}`), `word ${key}`, { word: `word ${key}`, count: key })
      if (writer.pendingBytes > 100_000) taken.push(...writer.takePending())
    }
    t.ok(taken.length > 0)
    const { checksum, sizeBytes, keyGroups } = writer.finish()
    const bytes = Buffer.concat([...taken, ...writer.takePending()])
    const { crc32 } = await import('node:zlib')
    t.same([bytes.length, crc32(bytes), keyGroups.length], [sizeBytes, checksum, 16])
    const blocks = await readAll(bytes)
    t.ok(blocks.length > 16)
    t.equal(contents(blocks).size, 60_000)
  },
)

t.test(
  'SnapshotWriter: a value that cannot be written names operator and state, and leaves nothing behind',
  async (t) => {
    const writer = keyedWriter()
    writer.addValue(0, groupOf('a'), 'a', 1)
    t.throws(() => writer.addValue(0, groupOf('b'), 'b', { f: () => 1 }), StateValueError)
    t.throws(() => writer.addValue(1, groupOf('b'), 'b', { id: 'x', amount: 'much' }), {
      code: 'FLINK_STATE_VALUE',
      message:
        /state "order" of operator "count words": Operator 'count words' has put a value into its state 'order' that is not of .*: value\.amount is/s,
    })
    writer.addValue(0, groupOf('c'), 'c', 3)
    writer.finish()
    t.same(
      sorted(contents(await readAll(bytesOf(writer)))).map(([, v]) => v),
      [[1], [3]],
    )
  },
)

t.test('SnapshotReader.description: types come back as they were declared', async (t) => {
  const type: TypeDescription = Types.object({
    a: Types.optional(Types.list(Types.long)),
    b: Types.union(Types.string, Types.enum('x', 3)),
    c: Types.map(Types.string, Types.tuple(Types.date, Types.bytes, Types.boolean)),
  })
  const writer = keyedWriter([{ name: 's', kind: 'value', type }])
  writer.finish()
  const { description } = await open(bytesOf(writer))
  t.same(description.states, [{ name: 's', kind: 'value', type }])
  t.match(description.writer, /^flink-ts /)
})
