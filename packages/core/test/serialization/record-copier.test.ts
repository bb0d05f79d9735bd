import { copyValue, RecordCopier, SerializerRegistry } from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'

class Money {
  readonly #cents: number
  constructor(cents: number) {
    this.#cents = cents
  }
  get cents() {
    return this.#cents
  }
}

class Point {
  list: number[] = []
  x: number
  y: number
  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
  get sum() {
    return this.x + this.y
  }
}

class Hidden {
  #value = 1
  get value() {
    return this.#value
  }
}

class Labels extends Map<string, string> {}

/** No object of `a` that could be changed is one of `b`. */
function sharesNothing(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null) return true
  if (a === b) return false
  if (typeof b !== 'object' || b === null) return false
  return Reflect.ownKeys(a).every((key) =>
    sharesNothing((a as never)[key as never], (b as never)[key as never]),
  )
}

const record = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.anything({ maxDepth: 0, withBigInt: true, withDate: true }),
    fc.array(tie('value'), { maxLength: 10 }),
    fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('a', 'b', '__proto__', 'constructor', '"\n')),
      tie('value'),
    ),
  ),
})).value

t.test('RecordCopier copies as structuredClone does, and shares nothing', async (t) => {
  const property = fc.property(fc.array(record, { maxLength: 6 }), (records) => {
    const copier = new RecordCopier()
    for (const each of records) {
      const copy = copier.copy(each)
      const expected = structuredClone(each)
      if (!fc.stringify(copy) || fc.stringify(copy) !== fc.stringify(expected)) return false
      if (!sharesNothing(copy, each)) return false
    }
    return true
  })
  t.doesNotThrow(() => fc.assert(property))
})

t.test('RecordCopier: holes, undefined, dates, maps, bytes, names that are code', async (t) => {
  const copier = new RecordCopier()
  const holes: unknown[] = [1, undefined, 3]
  holes[4] = 5
  t.strictSame(Object.keys(copier.copy(holes) as object), ['0', '1', '2', '4'])
  const value = {
    date: new Date(5),
    map: new Map([['k', [1]]]),
    set: new Set([{ a: 1 }]),
    bytes: Buffer.from('abc'),
    ints: new Int16Array([1, 2]),
    pattern: /a/g,
    error: new RangeError('x'),
    fn: Math.max,
    absent: undefined,
  }
  for (let i = 0; i < 2; i++) {
    const copy = copier.copy(value) as typeof value
    t.same(copy, value)
    t.not(copy.map.get('k'), value.map.get('k'))
    t.not([...copy.set][0], [...value.set][0])
    t.ok(Buffer.isBuffer(copy.bytes))
    copy.bytes[0] = 0
    t.equal(value.bytes.toString(), 'abc')
    t.ok(copy.ints instanceof Int16Array)
    t.equal(copy.fn, Math.max)
  }
  const hostile = JSON.parse('{"__proto__": {"polluted": true}}') as object
  for (let i = 0; i < 2; i++) {
    const copy = copier.copy(hostile) as object
    t.notOk('polluted' in copy)
    t.ok(Object.hasOwn(copy, '__proto__'))
  }
})

t.test('classes keep their class wherever they stand', async (t) => {
  const registry = new SerializerRegistry().registerSerializer(Money, {
    name: 'money',
    toData: (money) => money.cents,
    fromData: (cents) => new Money(cents as number),
  })
  const copier = new RecordCopier(registry)
  const made = () => ({
    price: new Money(5),
    list: [new Money(6)],
    map: new Map([['a', new Money(7)]]),
    set: new Set([new Money(8)]),
    point: new Point(1, 2),
  })
  for (let i = 0; i < 2; i++) {
    const value = made()
    const copy = copier.copy(value) as ReturnType<typeof made>
    for (const [original, money] of [
      [value.price, copy.price],
      [value.list[0], copy.list[0]],
      [value.map.get('a'), copy.map.get('a')],
      [[...value.set][0], [...copy.set][0]],
    ] as [Money, Money][]) {
      t.ok(money instanceof Money)
      t.not(money, original)
      t.equal(money.cents, original.cents)
    }
    copy.point.x = 9
    copy.point.list.push(1)
    t.equal(copy.point.sum, 11)
    t.equal(value.point.sum, 3)
    t.strictSame(value.point.list, [])
  }
  t.equal((copier.copy(new Money(3)) as Money).cents, 3, 'a record itself')
})

t.test('what cannot be copied without its class is shared', async (t) => {
  const copier = new RecordCopier()
  const hidden = new Hidden()
  const labels = new Labels([['a', 'b']])
  const promise = Promise.resolve()
  const copy = copier.copy({ hidden, labels, promise }) as Record<string, unknown>
  t.equal(copy['hidden'], hidden)
  t.equal(copy['labels'], labels)
  t.equal(copy['promise'], promise)
})

t.test('records that hold themselves, and deep ones', async (t) => {
  const copier = new RecordCopier()
  const cyclic: Record<string, unknown> = { name: 'a' }
  cyclic['self'] = cyclic
  cyclic['list'] = [cyclic]
  const copy = copier.copy(cyclic) as typeof cyclic
  t.not(copy, cyclic)
  t.equal(copy['self'], copy)
  t.equal((copy['list'] as unknown[])[0], copy)
  t.same(copier.copy({ a: 1 }), { a: 1 }, 'the next record')

  let deep: unknown = 1
  for (let i = 0; i < 100; i++) deep = { deep }
  t.same(new RecordCopier().copy(deep), deep)
  const shared = { a: 1 }
  const twice = copyValue({ first: shared, second: shared })
  t.equal(twice.first, twice.second, 'copyValue keeps what is one')
})
