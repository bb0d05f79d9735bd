import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeKey, FileSystemRegistry, LocalFileSystem, SystemRandom, Types } from '@flink-ts/core'
import {
  SavepointReader,
  SavepointWriter,
  type StateDescription,
  TimedValue,
  valueToJson,
} from '@flink-ts/state-tools'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { hashOf, keyGroupOf } from './independent-reader/keys.js'
import { readFrames, readSavepoint } from './independent-reader/savepoint.js'

const fileSystems = new FileSystemRegistry([new LocalFileSystem(new SystemRandom())])
let folders = 0

type KeyedState = StateDescription<'value' | 'list' | 'map' | 'timer' | 'reducing' | 'aggregating'>

async function savepoint(
  t: Test,
  states: readonly KeyedState[],
  records: readonly { state: string; key: unknown; value: unknown }[],
  inlineThresholdBytes = 0,
): Promise<string> {
  const folder = join(t.testdir({}), `sp-${folders++}`)
  await SavepointWriter.create({ fileSystems, inlineThresholdBytes })
    .withOperator({ uid: 'op', parallelism: 2, keyed: { states, records } })
    .write(folder)
  return folder
}

/** Each value under a key of its own, read back in the order of the keys. */
async function through(t: Test, type: StateDescription['type'], values: readonly unknown[]) {
  const records = values.map((value, key) => ({ state: 's', key, value }))
  const found = readSavepoint(await savepoint(t, [{ name: 's', kind: 'value', type }], records))
  return found.sort((a, b) => (a.key as number) - (b.key as number)).map(({ entry }) => entry)
}

t.test('state-format.md: the hashes and key groups that it names', async (t) => {
  t.equal(hashOf(encodeKey('key')) >>> 0, 0x6cbb9e0d)
  t.equal(hashOf(encodeKey(1)) >>> 0, 0x7ffe623b)
  t.equal(keyGroupOf(encodeKey('key'), 128), 127)
  t.equal(keyGroupOf(encodeKey(1), 128), 83)
})

t.test('state-format.md: keys of all types, each in its key group', async (t) => {
  const keys = [
    'text',
    '',
    'ü語😀',
    0,
    -1.5,
    Number.NaN,
    7n,
    -300n,
    0n,
    true,
    false,
    new Date(5),
    Uint8Array.of(1, 2, 3),
    ['a', 1, [2n]],
    { b: 1, a: { c: 'x' } },
  ]
  const records = keys.map((key, value) => ({ state: 's', key, value }))
  const states: KeyedState[] = [{ name: 's', kind: 'value', type: Types.int }]
  const found = readSavepoint(await savepoint(t, states, records))
  const byValue = found.sort((a, b) => (a.entry as number) - (b.entry as number))
  t.strictSame(
    byValue.map(({ key }) => key),
    keys,
  )
})

t.test('state-format.md: values of declared types', async (t) => {
  const type = Types.object({
    text: Types.string,
    int: Types.int,
    long: Types.long,
    double: Types.double,
    is: Types.boolean,
    at: Types.date,
    bytes: Types.bytes,
    pair: Types.tuple(Types.string, Types.int),
    list: Types.list(Types.object({})),
    map: Types.map(Types.string, Types.double),
    maybe: Types.optional(Types.string),
    either: Types.union(Types.string, Types.int),
    color: Types.enum('red', 'green', 3),
    nothing: Types.tuple(),
  })
  const values = Array.from({ length: 300 }, (_, i) => ({
    text: ['a', 'schön', '語', 'x'.repeat(100), `number ${i % 7}`][i % 5],
    int: (i - 150) * 14_316_557,
    long: BigInt(i) * -(2n ** 54n),
    double: i / 7,
    is: i % 2 === 0,
    at: new Date(i * 1e9),
    bytes: i % 2 === 0 ? Buffer.from([i % 256]) : Uint8Array.of(1, i % 256),
    pair: ['pair', i],
    list: Array.from({ length: i % 3 }, () => ({})),
    map: new Map([[`k${i}`, -0.5]]),
    ...(i % 3 === 0 ? {} : { maybe: i % 3 === 1 ? undefined : 'there' }),
    either: i % 2 === 0 ? 'text' : i,
    color: ['red', 'green', 3][i % 3],
    nothing: [],
  }))
  t.strictSame(await through(t, type, values), values)
})

t.test('state-format.md: dynamic values of every form', async (t) => {
  const shared = { n: 1 }
  const circular: Record<string, unknown> = { name: 'me', list: [shared, shared], at: new Date(1) }
  circular['self'] = circular
  // biome-ignore lint/suspicious/noSparseArray: arrays with holes have a form of their own
  const sparse = [1, , 3]
  const error = new RangeError('too far', { cause: { code: 7 } })
  const values: unknown[] = [
    undefined,
    null,
    true,
    false,
    ...[0, 63, 64, -1, 200, 70_000, -3_000_000_000, 2 ** 40, 0.1, -0, Infinity, NaN],
    ...['', 'text', 'text', 'ü'.repeat(20), 'x'.repeat(500), '語'.repeat(30), '\ud800'],
    ...[0n, 12n, -(2n ** 70n)],
    new Date(77),
    [],
    [1, 'a', null],
    sparse,
    {},
    { a: 1, b: 'x', c: [true] },
    { a: 2, b: 'y', c: [false] },
    { a: 'other', b: 2, c: {} },
    new Map<unknown, unknown>([[{ k: 1 }, new Set([1, 'a'])]]),
    Buffer.from('buffer'),
    Float64Array.of(1.5, -2),
    BigInt64Array.of(-5n),
    Uint8Array.of(9).buffer,
    /a+b/gi,
    Object('boxed'),
    circular,
  ]
  const found = await through(t, 'dynamic', [...values, error])
  t.strictSame(found.slice(0, -1), values)
  const readError = found.at(-1) as RangeError
  t.ok(readError instanceof RangeError)
  t.equal(readError.message, 'too far')
  t.strictSame(readError.cause, { code: 7 })
  const graph = found[values.length - 1] as { list: unknown[]; self: unknown }
  t.equal(graph.self, graph)
  t.equal(graph.list[0], graph.list[1])
})

t.test('state-format.md: whatever JSON-like values come, in any number', async (t) => {
  const value = fc.jsonValue({ maxDepth: 3 })
  await fc.assert(
    fc.asyncProperty(fc.array(value, { maxLength: 60 }), async (values) => {
      t.strictSame(await through(t, 'dynamic', values), values)
    }),
    { numRuns: 20 },
  )
})

t.test('state-format.md: all kinds of keyed and operator state', async (t) => {
  const folder = join(t.testdir({}), 'all')
  const long = Array.from({ length: 5000 }, (_, i) => i)
  await SavepointWriter.create({ fileSystems })
    .withOperator({
      uid: 'keyed',
      keyed: {
        states: [
          { name: 'list', kind: 'list', type: Types.int },
          { name: 'map', kind: 'map', type: 'dynamic', mapKeyType: Types.string },
          { name: 'timers', kind: 'timer', type: Types.string },
          { name: 'ttl', kind: 'value', type: Types.string, ttl: true },
        ],
        records: [
          { state: 'list', key: 'k', value: long },
          { state: 'map', key: 'k', value: new Map([['a', { n: 1 }]]) },
          { state: 'timers', key: 'k', value: [{ timestamp: 12.5, namespace: 'w' }] },
          { state: 'ttl', key: 'k', value: new TimedValue('v', 99) },
        ],
      },
    })
    .withOperator({
      uid: 'operator',
      parallelism: 2,
      operatorStates: {
        states: [
          { name: 'split', kind: 'splitList', type: Types.int },
          { name: 'union', kind: 'unionList', type: 'dynamic' },
          { name: 'broadcast', kind: 'broadcast', type: Types.int, mapKeyType: 'dynamic' },
        ],
        records: [
          { state: 'split', value: 1 },
          { state: 'split', value: 2 },
          { state: 'union', value: { u: 1 } },
          { state: 'broadcast', value: ['rule', 5] },
        ],
      },
    })
    .write(folder)
  const found = readSavepoint(folder)
  const of = (state: string) => found.filter((one) => one.state === state)
  t.ok(of('list').length > 1, 'a long list is several entries')
  t.strictSame(
    of('list').flatMap(({ entry }) => entry),
    long,
  )
  t.match(of('map'), [{ operatorUid: 'keyed', key: 'k', entry: [['a', { n: 1 }]] }])
  t.match(of('timers'), [{ kind: 'timer', entry: [{ timestamp: 12.5, namespace: 'w' }] }])
  t.match(of('ttl'), [{ entry: { lastAccess: 99, value: 'v' } }])
  t.match(of('split'), [
    { operatorUid: 'operator', subtask: 0, entry: [1] },
    { subtask: 1, entry: [2] },
  ])
  t.match(of('union'), [{ entry: [{ u: 1 }] }])
  t.match(of('broadcast'), [
    { subtask: 0, entry: [['rule', 5]] },
    { subtask: 1, entry: [['rule', 5]] },
  ])
})

t.test('state-format.md: savepoints of each released version stay readable', async (t) => {
  for (const version of ['1']) {
    const folder = fileURLToPath(new URL(`../test/fixtures/format-${version}`, import.meta.url))
    const found = readSavepoint(folder).map((one) => JSON.stringify(valueToJson(one)))
    const kept = readFileSync(join(folder, 'independent.jsonl'), 'utf8').trim().split('\n')
    t.strictSame(found, kept, `version ${version}, by the page`)
    const reader = await SavepointReader.open(folder, { fileSystems })
    const lines: string[] = []
    for (const { operatorUid = '' } of reader.operators) {
      for (const { name } of (await reader.keyedStates(operatorUid))?.states ?? []) {
        for await (const { key, value } of reader.readKeyedState(operatorUid, name)) {
          lines.push(JSON.stringify(valueToJson({ state: name, key, value })))
        }
      }
      for (const { name } of await reader.operatorStates(operatorUid)) {
        for await (const value of reader.readOperatorState(operatorUid, name)) {
          lines.push(JSON.stringify(valueToJson({ state: name, value })))
        }
      }
    }
    const exported = readFileSync(join(folder, 'exported.jsonl'), 'utf8').trim().split('\n')
    t.strictSame(lines.sort(), exported, `version ${version}, by the reader`)
  }
})

t.test('state-format.md: every changed bit of a file is found', async (t) => {
  const states: KeyedState[] = [{ name: 's', kind: 'value', type: Types.string }]
  const folder = await savepoint(t, states, [{ state: 's', key: 'k', value: 'v' }], 100_000)
  const file = readFileSync(join(folder, '_metadata'))
  t.ok(readFrames(file, 3).length > 2)
  for (let bit = 0; bit < file.length * 8; bit++) {
    const damaged = Buffer.from(file)
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    let isFound = false
    try {
      readFrames(damaged, 3)
    } catch {
      isFound = true
    }
    if (!isFound) t.fail(`bit ${bit}`)
  }
})
