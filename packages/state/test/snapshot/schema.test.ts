import { type TypeDescription, Types } from '@flink-ts/core'
import {
  checkStateCompatibility,
  parseTypeDescription,
  type StateDefaults,
  type StateDescription,
  StateIncompatibleError,
  type StateType,
} from '@flink-ts/state'
import fc from 'fast-check'
import t from 'tap'

const state = (type: StateType, kind: StateDescription['kind'] = 'value'): StateDescription => ({
  name: 'orders',
  kind,
  type,
})

function migrate(old: StateType, declared: StateType, value: unknown, defaults?: StateDefaults) {
  const found = checkStateCompatibility('join', state(old), state(declared), defaults)
  return found.convertValue === undefined ? value : found.convertValue(value)
}

function refusal(old: StateType, declared: StateType, value?: unknown): StateIncompatibleError {
  try {
    migrate(old, declared, value)
  } catch (error) {
    if (error instanceof StateIncompatibleError) return error
    throw error
  }
  throw new Error('it was not refused')
}

const { object, optional, list, map, tuple, union, string, int, long, double, boolean } = Types

t.test('checkStateCompatibility: fields may come and go', async (t) => {
  const old = object({ id: string, amount: int })
  const value = { id: 'x', amount: 3 }
  t.same(migrate(old, object({ amount: int, id: string }), value), value)
  t.same(migrate(old, object({ id: string }), value), { id: 'x' })
  t.same(migrate(old, object({ id: string, amount: int, note: optional(string) }), value), value)
  const withFlag = object({ id: string, amount: int, flag: boolean })
  t.same(migrate(old, withFlag, value, { flag: true }), { ...value, flag: true })
  const deep = list(object({ item: old }))
  const declared = list(object({ item: withFlag }))
  t.same(migrate(deep, declared, [{ item: value }], { '[].item.flag': false }), [
    { item: { ...value, flag: false } },
  ])
})

t.test('checkStateCompatibility: types may widen', async (t) => {
  t.equal(migrate(int, long, 7), 7n)
  t.equal(migrate(int, double, 7), 7)
  t.equal(migrate(int, optional(long), 7), 7n)
  t.equal(migrate(optional(int), optional(long), undefined), undefined)
  t.equal(migrate(optional(int), int, undefined, { '': 5 }), 5)
  t.same(migrate(object({ a: optional(int) }), object({ a: long }), {}, { a: 5n }), { a: 5n })
  t.equal(migrate(string, union(int, string), 'x'), 'x')
  t.equal(migrate(union(int, string), union(string, int, boolean), 3), 3)
  t.equal(migrate(Types.enum('a', 'b'), Types.enum('b', 'a', 'c'), 'a'), 'a')
  t.equal(migrate(Types.enum('a', 'b'), string, 'a'), 'a')
  t.same(migrate(tuple(int, int), tuple(long, int, optional(string)), [1, 2]), [1n, 2, undefined])
  t.same(migrate(map(string, int), map(string, long), new Map([['a', 1]])), new Map([['a', 1n]]))
})

t.test('checkStateCompatibility: what cannot be restored is named with its remedy', async (t) => {
  const error = refusal(
    object({ address: object({ zip: string }) }),
    object({ address: object({ zip: int }) }),
  )
  t.match(error, {
    code: 'FLINK_STATE_INCOMPATIBLE',
    operatorName: 'join',
    stateName: 'orders',
    field: 'address.zip',
    oldType: 'string',
    newType: 'int',
  })
  t.match(
    error.message,
    /state "orders" of operator "join": field "address\.zip" of its values is string in the snapshot and int in the program; .*keep the old type/,
  )
  const missing = refusal(object({}), object({ a: int }))
  t.same([missing.field, missing.oldType], ['a', 'not there'])
  t.match(missing.remedy, /Types\.optional.*default for "a"/)
  t.match(refusal(Types.enum('a', 'b'), Types.enum('a')).remedy, /keep the values "b"/)
  t.match(refusal(union(int, string), union(int)).remedy, /alternatives/)
  t.match(refusal(optional(int), int).remedy, /default/)
  t.match(refusal(tuple(int, int), tuple(int)).remedy, /at its end/)
  for (const [old, declared] of [
    [long, int],
    [double, int],
    [long, double],
    [list(int), tuple(int)],
    [map(string, int), object({})],
  ] as const) {
    t.ok(refusal(old, declared))
  }
  t.throws(() => checkStateCompatibility('join', state(int, 'value'), state(int, 'list')), {
    message: /another name/,
  })
})

t.test(
  'checkStateCompatibility: dynamic values become declared ones by field name, each looked at',
  async (t) => {
    const declared = object({ id: string, n: long, tags: list(string), at: optional(Types.date) })
    const value = { tags: ['x'], n: 3, id: 'a', left: 'over' }
    t.same(migrate('dynamic', declared, value), { id: 'a', n: 3n, tags: ['x'] })
    t.match(refusal('dynamic', declared, { ...value, tags: ['x', 1] }), {
      field: 'tags[]',
      oldType: /number 1/,
      newType: 'string',
    })
    t.equal(refusal('dynamic', declared, { id: 'a' }).field, 'n')
    t.same(migrate('dynamic', object({ n: int }), {}, { n: 1 }), { n: 1 })
    t.equal(migrate('dynamic', union(int, string), 'x'), 'x')
    t.same(migrate(declared, 'dynamic', value), value)
  },
)

const primitives = fc.constantFrom<TypeDescription>(
  string,
  int,
  long,
  double,
  boolean,
  Types.date,
  Types.bytes,
  Types.enum('a', 1),
)
const types: fc.Arbitrary<TypeDescription> = fc.letrec<{ type: TypeDescription }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitives,
    tie('type').map((type) => list(type)),
    tie('type').map((type) => optional(type)),
    fc.tuple(tie('type'), tie('type')).map(([a, b]) => tuple(a, b)),
    fc.tuple(tie('type'), tie('type')).map(([a, b]) => map(a, b)),
    fc.dictionary(fc.string(), tie('type'), { maxKeys: 3 }).map((fields) => object(fields)),
  ),
})).type

t.test('parseTypeDescription: the inverse of JSON.stringify', async () => {
  fc.assert(
    fc.property(types, (type) => {
      t.strictSame(parseTypeDescription(JSON.parse(JSON.stringify(type))), type)
    }),
    { numRuns: 100 },
  )
})

t.test(
  'checkStateCompatibility: each type is compatible with itself and optional of itself',
  async () => {
    fc.assert(
      fc.property(types, (type) => {
        t.equal(checkStateCompatibility('o', state(type), state(type)).convertValue, undefined)
        t.doesNotThrow(() => checkStateCompatibility('o', state(type), state(optional(type))))
      }),
      { numRuns: 100 },
    )
  },
)

t.test('parseTypeDescription: what no Types makes is refused', async (t) => {
  let deep: unknown = { kind: 'int' }
  for (let i = 0; i < 1000; i++) deep = { kind: 'list', element: deep }
  for (const bad of [
    undefined,
    3,
    {},
    { kind: 'x' },
    { kind: 'tuple' },
    { kind: 'enum', values: [{}] },
    deep,
  ]) {
    t.throws(() => parseTypeDescription(bad), TypeError)
  }
})
