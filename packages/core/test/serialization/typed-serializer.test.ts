import assert from 'node:assert/strict'
import {
  InputBuffer,
  MalformedDataError,
  OutputBuffer,
  type TypeDescription,
  TypedSerializer,
  TypeMismatchError,
  Types,
  type ValueDecoder,
  type ValueEncoder,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'

const names = fc.oneof(
  fc.constantFrom('a', 'b', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', ''),
  fc.constantFrom('"] = 1; throw 1; //', "'", '`a`', '\n', '\u2028', 'v', 'p', 'w', 'r', 'f', 'n'),
  fc.string({ maxLength: 8 }),
)
const leaf: fc.Arbitrary<TypeDescription> = fc.oneof(
  fc.constantFrom<TypeDescription>(
    Types.string,
    Types.int,
    Types.long,
    Types.double,
    Types.boolean,
    Types.date,
    Types.bytes,
  ),
  fc
    .uniqueArray(fc.oneof(fc.string(), fc.integer()), { minLength: 1, maxLength: 4 })
    .map((values) => Types.enum(...values)),
)
const { type: typeArbitrary } = fc.letrec<{ type: TypeDescription }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'type' },
    leaf,
    fc
      .array(tie('type'), { maxLength: 3 })
      .map((elements) => ({ kind: 'tuple' as const, elements })),
    tie('type').map((element) => ({ kind: 'list' as const, element })),
    tie('type').map((inner) => ({ kind: 'optional' as const, type: inner })),
    fc
      .tuple(tie('type'), tie('type'))
      .map(([key, value]) => ({ kind: 'map' as const, key, value })),
    fc
      .array(tie('type'), { minLength: 1, maxLength: 3 })
      .map((types) => ({ kind: 'union' as const, types })),
    fc
      .uniqueArray(fc.tuple(names, tie('type')), { maxLength: 4, selector: ([name]) => name })
      .map((fields) => ({
        kind: 'object' as const,
        fields: fields.map(([name, type]) => ({ name, type })),
      })),
  ),
}))

function arbitraryOf(type: TypeDescription): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'string':
      return fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('\ud800', '\udc00x', 'x'.repeat(70)),
      )
    case 'int':
      return fc.oneof(fc.integer(), fc.constantFrom(-0, 0, 2 ** 31 - 1, -(2 ** 31)))
    case 'long':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'double':
      return fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Infinity, 5e-324))
    case 'boolean':
      return fc.boolean()
    case 'date':
      return fc.date({ noInvalidDate: true })
    case 'bytes':
      return fc.oneof(
        fc.uint8Array(),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      )
    case 'enum':
      return fc.constantFrom(...type.values)
    case 'optional':
      return fc.oneof(fc.constant(undefined), arbitraryOf(type.type))
    case 'list':
      return fc.array(arbitraryOf(type.element), { maxLength: 5 })
    case 'map':
      return fc
        .array(fc.tuple(arbitraryOf(type.key), arbitraryOf(type.value)), { maxLength: 4 })
        .map((entries) => new Map(entries))
    case 'tuple':
      return fc.tuple(...type.elements.map(arbitraryOf))
    case 'union':
      return fc.oneof(...type.types.map(arbitraryOf))
    case 'object':
      return fc
        .tuple(...type.fields.map((field) => fc.tuple(arbitraryOf(field.type), fc.boolean())))
        .map((values) => {
          const made: object = {}
          type.fields.forEach(({ name, type: field }, i) => {
            const [value, isAbsent] = values[i]!
            if (isAbsent && field.kind === 'optional') return
            Object.defineProperty(made, name, {
              value,
              enumerable: true,
              writable: true,
              configurable: true,
            })
          })
          return made
        })
  }
}

const typed = typeArbitrary.chain((type) =>
  fc.tuple(fc.constant(type), fc.array(arbitraryOf(type), { minLength: 1, maxLength: 5 })),
)
/** A counterexample as text: the reporter of tests cannot show every value. */
function check<T>(property: fc.IProperty<T>, options: fc.Parameters<T>): void {
  const report = fc.defaultReportMessage(fc.check(property, options) as fc.RunDetails<T>)
  if (report !== undefined) throw new Error(report)
}

const serializerOf = (type: TypeDescription) => new TypedSerializer(type, { operatorName: 'op' })

function encode(encoder: ValueEncoder, value: unknown): Buffer {
  const out = OutputBuffer.allocate(1 << 16)
  assert(encoder.tryEncode(value, out), 'it fits')
  return out.written()
}

function decode(decoder: ValueDecoder, bytes: Uint8Array): unknown {
  const source = InputBuffer.of(bytes)
  const value = decoder.decode(source)
  assert.equal(source.position, source.limit, 'all bytes were read')
  return value
}

t.test('TypedSerializer', (t) => {
  t.test('gives back values of any type, record after record, also after a reset', (t) => {
    check(
      fc.property(typed, fc.nat(5), ([type, values], resetAt) => {
        const serializer = serializerOf(type)
        const encoder = serializer.createEncoder()
        const decoder = serializer.createDecoder()
        let alone: ValueDecoder | undefined
        values.forEach((value, i) => {
          if (i === resetAt) {
            encoder.reset()
            alone = serializer.createDecoder()
          }
          const bytes = encode(encoder, value)
          assert.deepStrictEqual(decode(decoder, bytes), value)
          if (alone !== undefined) assert.deepStrictEqual(decode(alone, bytes), value)
        })
      }),
      { numRuns: 600 },
    )
    t.end()
  })

  t.test('leaves view and tables alone when a value does not fit', (t) => {
    check(
      fc.property(typed, ([type, values]) => {
        const serializer = serializerOf(type)
        const encoder = serializer.createEncoder()
        const decoder = serializer.createDecoder()
        for (const value of values) {
          const size = encode(serializer.createEncoder(), value).length
          for (const room of [0, 1, size >> 1, size - 1]) {
            const out = OutputBuffer.allocate(room)
            if (!encoder.tryEncode(value, out)) assert.equal(out.position, 0)
            else decode(decoder, out.written())
          }
          assert.deepStrictEqual(decode(decoder, encode(encoder, value)), value)
        }
      }),
      { numRuns: 200 },
    )
    t.end()
  })

  t.test('decodes damaged and cut bytes or throws MalformedDataError', (t) => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 })
    check(
      fc.property(typed, damage, fc.nat(), ([type, values], flips, cut) => {
        const serializer = serializerOf(type)
        const encoder = serializer.createEncoder()
        const bytes = Buffer.concat(values.map((value) => encode(encoder, value)))
        for (const [at, mask] of flips) bytes[at % bytes.length]! ^= mask
        const source = InputBuffer.of(bytes.subarray(0, cut % (bytes.length + 1)))
        const decoder = serializer.createDecoder()
        try {
          while (source.remaining > 0) decoder.decode(source)
        } catch (error) {
          if (!(error instanceof MalformedDataError)) throw error
        }
        assert.equal(({} as { polluted?: unknown }).polluted, undefined)
        assert.equal(Object.keys(Object.prototype).length, 0)
      }),
      { numRuns: 3000 },
    )
    t.end()
  })

  t.test('keeps a date that is none', (t) => {
    const serializer = serializerOf(Types.date)
    const bytes = encode(serializer.createEncoder(), new Date(Number.NaN))
    const date = decode(serializer.createDecoder(), bytes)
    t.ok(date instanceof Date && Number.isNaN(date.getTime()))
    t.end()
  })

  t.test('takes no absurd count on trust', (t) => {
    const huge = Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0])
    const nothing = Types.object({})
    for (const type of [Types.list(nothing), Types.map(nothing, nothing), Types.bytes]) {
      const decoder = serializerOf(type).createDecoder()
      t.throws(() => decoder.decode(InputBuffer.of(huge)), MalformedDataError)
    }
    t.end()
  })

  t.test('accepts fields in any order and gives them in the declared one', (t) => {
    const serializer = serializerOf(Types.object({ a: Types.int, b: Types.string }))
    const bytes = encode(serializer.createEncoder(), { b: 'x', a: 1 })
    t.equal(JSON.stringify(decode(serializer.createDecoder(), bytes)), '{"a":1,"b":"x"}')
    t.end()
  })
  t.end()
})

t.test('TypeMismatchError names operator, path and expected type', (t) => {
  class Point {
    x = 1
  }
  const order = Types.object({
    id: Types.string,
    amount: Types.double,
    items: Types.list(Types.tuple(Types.string, Types.int)),
    note: Types.optional(Types.string),
    'a b': Types.optional(Types.object({ x: Types.int })),
  })
  const good = { id: 'x', amount: 1, items: [['a', 1]] }
  const cases: [unknown, string, string][] = [
    [undefined, 'record', 'a plain object'],
    [{ ...good, id: 7 }, 'record.id', 'string'],
    [{ ...good, amount: '7' }, 'record.amount', 'double'],
    [{ ...good, items: [['a', 1.5]] }, 'record.items[0][1]', 'int'],
    [{ ...good, items: [['a', 1n]] }, 'record.items[0][1]', 'int'],
    [{ ...good, items: [['a', Symbol('s')]] }, 'record.items[0][1]', 'int'],
    [{ ...good, items: [['a', 1, 2]] }, 'record.items[0]', '[string, int]'],
    [{ ...good, items: new Array(1) }, 'record.items[0]', '[string, int]'],
    [{ ...good, note: null }, 'record.note', 'string'],
    [{ ...good, more: 1 }, 'record.more', 'no such field'],
    [{ ...good, 'a b': new Point() }, 'record["a b"]', 'a plain object'],
    [{ id: 'x', amount: 1 }, 'record.items', 'list<[string, int]>'],
    [Object.create(good), 'record', 'a plain object'],
  ]
  const encoder = new TypedSerializer(order, { operatorName: 'orders' }).createEncoder()
  for (const [value, path, expected] of cases) {
    const out = OutputBuffer.allocate(100)
    t.throws(() => encoder.tryEncode(value, out), {
      constructor: TypeMismatchError,
      code: 'FLINK_TYPE_MISMATCH',
      operatorName: 'orders',
      path,
      expected,
      message: /^Operator 'orders' emitted a record that is not of its declared type \{id: string/,
    })
    t.equal(out.position, 0)
  }
  t.ok(encoder.tryEncode(good, OutputBuffer.allocate(100)))
  const kinds: [TypeDescription, unknown][] = [
    [Types.long, 2n ** 63n],
    [Types.date, new (class Day extends Date {})()],
    [Types.enum('a', 'b'), 'c'],
    [Types.union(Types.string, Types.int), true],
    [Types.map(Types.string, Types.int), new Map([['a', 'b']])],
    [Types.bytes, new Uint16Array(1)],
    [Types.boolean, 1],
    [Types.object({ ['__proto__']: Types.object({}) }), {}],
  ]
  for (const [type, value] of kinds) {
    const one = new TypedSerializer(type, { operatorName: 'o' }).createEncoder()
    t.throws(() => one.tryEncode(value, OutputBuffer.allocate(100)), TypeMismatchError)
  }
  t.end()
})
