import { type TypeOf, Types, typesEqual, typeToString } from '@flink-ts/core'
import t from 'tap'

const order = Types.object({
  id: Types.string,
  items: Types.list(Types.tuple(Types.string, Types.int)),
  note: Types.optional(Types.string),
  state: Types.enum('open', 'paid'),
  totals: Types.map(Types.string, Types.union(Types.long, Types.double)),
})

t.test('Types', (t) => {
  t.test('lets TypeScript infer the values', (t) => {
    const value: TypeOf<typeof order> = {
      id: 'o1',
      items: [['apple', 2]],
      state: 'open',
      totals: new Map<string, bigint | number>([['EUR', 5n]]),
    }
    const noted: TypeOf<typeof order> = { ...value, note: undefined }
    // @ts-expect-error a tuple has its elements' types
    const wrongTuple: TypeOf<typeof order> = { ...value, items: [[2, 'apple']] }
    // @ts-expect-error an enum has its values only
    const wrongEnum: TypeOf<typeof order> = { ...value, state: 'lost' }
    // @ts-expect-error a field that is not optional must be there
    const incomplete: TypeOf<typeof order> = { id: 'o1' }
    t.ok([value, noted, wrongTuple, wrongEnum, incomplete])
    t.end()
  })

  t.test('are data that survive JSON', (t) => {
    t.same(JSON.parse(JSON.stringify(order)), order)
    t.ok(typesEqual(JSON.parse(JSON.stringify(order)), order))
    t.end()
  })
  t.end()
})

t.test('typesEqual compares structure, and fields in any order', (t) => {
  const { string, int, double } = Types
  t.ok(typesEqual(Types.object({ a: string, b: int }), Types.object({ b: int, a: string })))
  t.notOk(typesEqual(Types.object({ a: string }), Types.object({ a: int })))
  t.notOk(typesEqual(Types.object({ a: string }), Types.object({ a: Types.optional(string) })))
  t.notOk(typesEqual(Types.tuple(string, int), Types.tuple(int, string)))
  t.notOk(typesEqual(Types.list(int), Types.list(double)))
  t.notOk(typesEqual(Types.object({ 'a: int, b': int }), Types.object({ a: int, b: int })))
  t.end()
})

t.test('typeToString writes a type for people', (t) => {
  t.equal(
    typeToString(order),
    '{id: string, items: list<[string, int]>, note: optional<string>, state: enum("open", "paid"), totals: map<string, (long | double)>}',
  )
  t.end()
})
