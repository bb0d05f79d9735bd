import assert from 'node:assert/strict'
import {
  DynamicSerializer,
  InputBuffer,
  OutputBuffer,
  SerializerRegistry,
  UnserializableValueError,
  type ValueDecoder,
  type ValueEncoder,
} from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'
import { recordArbitrary, valueArbitrary } from './value-arbitrary.js'

const serializer = new DynamicSerializer()
const anything = fc.oneof(recordArbitrary, valueArbitrary)

function encode(encoder: ValueEncoder, value: unknown, size = 1 << 17): Buffer {
  const out = OutputBuffer.allocate(size)
  assert(encoder.tryEncode(value, out), 'it fits')
  return out.written()
}

function decode(decoder: ValueDecoder, bytes: Uint8Array): unknown {
  const source = InputBuffer.of(bytes)
  const value = decoder.decode(source)
  assert.equal(source.position, source.limit, 'all bytes were read')
  return value
}

function roundTrip(value: unknown): unknown {
  return decode(serializer.createDecoder(), encode(serializer.createEncoder(), value))
}

/** Deep equality that tells -0 from 0, holes from undefined and one class from another. */
function same(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(actual, expected)
  if (Array.isArray(expected)) {
    assert.deepEqual(Object.keys(actual as object), Object.keys(expected))
  }
}

t.test('DynamicSerializer', (t) => {
  t.test('gives back what structuredClone makes, record after record on one channel', (t) => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 12 }), fc.boolean(), (records, dictionary) => {
        const serializer = new DynamicSerializer({ dictionary })
        const encoder = serializer.createEncoder()
        const decoder = serializer.createDecoder()
        for (const record of records) {
          const bytes = encode(encoder, record)
          same(decode(decoder, bytes), structuredClone(record))
        }
      }),
      { numRuns: 400 },
    )
    t.end()
  })

  t.test('an invalid date stays one, alone and as a field', (t) => {
    const invalid = new Date(Number.NaN)
    const { at } = roundTrip({ id: 1, at: invalid }) as { at: Date }
    for (const date of [roundTrip(invalid), at]) {
      t.ok(date instanceof Date)
      t.ok(Number.isNaN((date as Date).getTime()))
    }
    t.end()
  })

  t.test(
    'fits a record of n bytes into a view of n + 64, and changes nothing if it does not',
    (t) => {
      fc.assert(
        fc.property(fc.array(anything, { minLength: 1, maxLength: 8 }), (records) => {
          const encoder = serializer.createEncoder()
          const twin = serializer.createEncoder()
          const decoder = serializer.createDecoder()
          for (const record of records) {
            const bytes = encode(twin, record)
            let out = OutputBuffer.allocate(0)
            const enough = bytes.length + 64
            for (let size = 0; !encoder.tryEncode(record, out); size += 1 + (size >> 3)) {
              assert.equal(out.position, 0)
              assert(out.limit < enough, `${bytes.length} bytes do not fit into ${out.limit}`)
              out = OutputBuffer.allocate(Math.min(size, enough))
            }
            same(decode(decoder, out.written()), structuredClone(record))
          }
        }),
        { numRuns: 200 },
      )
      t.end()
    },
  )

  t.test('reset: what follows is decoded alone, by new decoders and by used ones', (t) => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 6 }), fc.array(anything), (before, after) => {
        const encoder = serializer.createEncoder()
        for (const record of before) encode(encoder, record)
        encoder.reset()
        const bytes = after.map((record) => encode(encoder, record))
        const used = serializer.createDecoder()
        decode(used, encode(serializer.createEncoder(), { word: 'a', count: 1 }))
        const again = serializer.createDecoder()
        // The third one reads the same bytes a second time.
        for (const decoder of [used, again, again]) {
          bytes.forEach((encoded, i) => {
            same(decode(decoder, encoded), structuredClone(after[i]))
          })
        }
      }),
      { numRuns: 100 },
    )
    t.end()
  })

  t.test('reset: a value that does not fit leaves the mark to the next try', (t) => {
    const record = { word: 'word', count: 1 }
    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    decode(decoder, encode(encoder, record))
    encoder.reset()
    const size = encode(serializer.createEncoder(), record).length + 1
    for (let room = 0; room < size; room++) {
      const out = OutputBuffer.allocate(room)
      t.notOk(encoder.tryEncode(record, out))
      t.equal(out.position, 0)
    }
    t.throws(() => encode(encoder, { f() {} }), UnserializableValueError)
    const bytes = encode(encoder, record)
    t.equal(bytes.length, size)
    t.same(decode(decoder, bytes), record)
    t.same(decode(serializer.createDecoder(), bytes), record)
    t.end()
  })

  t.test('works on memory that threads share, and at an offset', (t) => {
    const memory = new Uint8Array(new SharedArrayBuffer(4096))
    const out = new OutputBuffer().wrap(memory, 100, 1000)
    const encoder = serializer.createEncoder()
    const records = ['\u00e9'.repeat(50), '\u65e5\u672c'.repeat(30), { a: 1.5, b: 'x'.repeat(70) }]
    for (const record of records) t.ok(encoder.tryEncode(record, out))

    const source = new InputBuffer().wrap(memory, 100, out.position)
    const decoder = serializer.createDecoder()
    t.same(
      records.map(() => decoder.decode(source)),
      records,
    )
    t.equal(source.remaining, 0)
    t.end()
  })

  t.test('writes a repeated record in a few bytes and gives out the very same string', (t) => {
    const encoder = serializer.createEncoder()
    encode(encoder, { word: 'stream', count: 1 })
    t.equal(encode(encoder, { word: 'stream', count: 2 }).length, 3)
    t.equal(encode(encoder, { word: 'other', count: 2 }).length, 11)
    t.end()
  })

  t.test('follows fields that change their type, their number and their order', (t) => {
    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    const records = [
      { a: 1, b: 'x' },
      { a: 'one', b: 'x' },
      { b: 'x', a: 1 },
      { a: 1, b: null },
      { a: 1, b: 'x', c: true },
      { a: 1 },
      {},
      { a: 1, b: 'x' },
      { a: undefined, b: 'x' },
      { a: { a: 1, b: 'x' }, b: [1, 'x'] },
      [1, 'x'],
      ['x', 1],
      [1],
      [],
    ]
    for (const record of [...records, ...records.reverse()]) {
      const decoded = decode(decoder, encode(encoder, record))
      same(decoded, record)
      t.same(Object.keys(decoded as object), Object.keys(record), 'the same order of fields')
    }
    t.end()
  })

  t.test('settles soon when the fields of a wide record change their types one by one', (t) => {
    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    let schemas = 0
    for (let i = 0; i < 100; i++) {
      const record = Object.fromEntries(Array.from({ length: 100 }, (_, f) => [`f${f}`, f]))
      record[`f${i}`] = null as never
      const bytes = encode(encoder, record)
      if (bytes[0] === 0x15) schemas++
      same(decode(decoder, bytes), record)
    }
    t.equal(schemas, 6)
    t.end()
  })

  t.test('goes on in the self-describing form past the bound of shapes', (t) => {
    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 1000; i++) {
        const record = { [`field${i}`]: i, nested: { [`n${i}`]: 'x' } }
        same(decode(decoder, encode(encoder, record)), record)
      }
    }
    const wide = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`f${i}`, i]))
    same(decode(decoder, encode(encoder, wide)), wide)
    const longNames = { ['x'.repeat(10_000)]: 1 }
    same(decode(decoder, encode(encoder, longNames)), longNames)
    t.end()
  })

  t.test('keeps field names that are code, or special, as own properties', (t) => {
    const names = ['__proto__', 'constructor', 'hasOwnProperty', '"]; throw 1; //', '\\', "'", '`']
    for (const name of [...names, '\n\u2028', '$' + '{1}', '*/', 'v', 'r', 'return']) {
      const record = Object.create({}) as object
      Object.setPrototypeOf(record, Object.prototype)
      for (const [key, value] of [[name, 'x'] as const, ['n', 1] as const]) {
        Object.defineProperty(record, key, { value, enumerable: true, configurable: true })
      }
      const encoder = serializer.createEncoder()
      const decoder = serializer.createDecoder()
      for (let i = 0; i < 3; i++) {
        const decoded = decode(decoder, encode(encoder, record)) as object
        t.same(Object.entries(decoded), Object.entries(record))
        t.equal(Object.getPrototypeOf(decoded), Object.prototype)
      }
      const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i]))
      Object.defineProperty(many, name, { value: 1, enumerable: true })
      t.ok(Object.hasOwn(roundTrip(many) as object, name), 'in the self-describing form too')
    }
    t.end()
  })

  t.test('follows a stream whose words change, within the bound of the dictionary', (t) => {
    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    for (let i = 0; i < 140_000; i++) {
      const word = `w${(i * 7) % (i < 60_000 ? 40_000 : 500)}`
      const decoded = decode(decoder, encode(encoder, { word }, 256)) as { word: string }
      if (decoded.word !== word) t.fail(`${decoded.word} is not ${word}`)
    }
    encoder.tryEncode({ word: 'w7' }, OutputBuffer.allocate(100))
    t.equal(encode(encoder, { word: 'w7' }).length <= 3, true)
    t.end()
  })

  t.test('keeps cycles and shared parts', (t) => {
    const cycle: Record<string, unknown> = { name: 'loop' }
    cycle['self'] = cycle
    cycle['list'] = [cycle, new Map([[cycle, new Set([cycle])]])]
    const decoded = roundTrip(cycle) as Record<string, unknown>
    t.equal(decoded['self'], decoded)
    t.equal((decoded['list'] as unknown[])[0], decoded)
    t.equal((decoded['list'] as Map<unknown, Set<unknown>>[])[1]!.get(decoded)!.has(decoded), true)

    const shared = { at: new Date(5) }
    const pair = roundTrip({ a: shared, b: [shared, shared.at] }) as {
      a: typeof shared
      b: unknown[]
    }
    t.equal(pair.a, pair.b[0])
    t.equal(pair.a.at, pair.b[1])

    let bomb: unknown = [1]
    for (let i = 0; i < 200; i++) bomb = [bomb, bomb]
    t.ok(encode(serializer.createEncoder(), bomb).length < 2000)

    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    for (const record of [
      { a: 1, b: 'x' },
      { a: shared, b: shared },
      { a: 1, b: 'x' },
    ]) {
      same(decode(decoder, encode(encoder, record)), record)
    }
    t.end()
  })

  t.test('keeps holes of huge arrays without space for them', (t) => {
    const sparse: unknown[] = []
    sparse[4_000_000_000] = 'far'
    const decoded = roundTrip(sparse) as unknown[]
    t.equal(decoded.length, 4_000_000_001)
    t.equal(decoded[4_000_000_000], 'far')
    t.same(Object.keys(decoded), ['4000000000'])
    t.end()
  })

  t.test('keeps a Buffer a Buffer, and takes of a view only its own bytes', (t) => {
    const view = new Uint8Array(new ArrayBuffer(1000), 500, 3)
    t.same((roundTrip(view) as Uint8Array).buffer.byteLength, 3)
    t.ok(Buffer.isBuffer(roundTrip(Buffer.from('abc'))))
    t.end()
  })

  t.test('keeps an error with class, message, stack and causes', (t) => {
    const error = new TypeError('outer', { cause: new Error('inner') })
    const decoded = roundTrip(error) as TypeError
    t.ok(decoded instanceof TypeError)
    t.equal(decoded.stack, error.stack)
    t.equal((decoded.cause as Error).message, 'inner')
    t.end()
  })
  t.end()
})

t.test('UnserializableValueError', (t) => {
  class Order {
    id = 1
  }
  class Table extends Map {}

  t.test('names the path inside the record', (t) => {
    const cases: [unknown, string, RegExp][] = [
      [() => 1, 'record', /a function/],
      [Symbol('s'), 'record', /a symbol/],
      [{ items: [1, 2, { callback() {} }] }, 'record.items[2].callback', /a function/],
      [{ 'a b': new Order() }, 'record["a b"]', /an instance of Order/],
      [new Map([['k', new WeakMap()]]), 'record.get("k")', /a WeakMap/],
      [{ a: new Table() }, 'record.a', /an instance of Table/],
      [[Promise.resolve()], 'record[0]', /a Promise/],
      [new SharedArrayBuffer(1), 'record', /a SharedArrayBuffer/],
      [new Error('x', { cause: Symbol('c') }), 'record.cause', /a symbol/],
      [
        {
          get a() {
            throw new Error('no')
          },
        },
        'record',
        /getter/,
      ],
    ]
    const encoder = serializer.createEncoder()
    const decoder = serializer.createDecoder()
    for (const [record, path, message] of cases) {
      const out = OutputBuffer.allocate(1000)
      t.throws(() => encoder.tryEncode(record, out), {
        name: 'UnserializableValueError',
        code: 'FLINK_UNSERIALIZABLE_VALUE',
        path,
        message,
      })
      t.equal(out.position, 0)
      const next = { a: 'still works', n: 1 }
      same(decode(decoder, encode(encoder, next)), next)
    }
    t.end()
  })

  t.test('is thrown for what is nested too deeply, and the limit itself still travels', (t) => {
    const nest = (depth: number) => {
      let value: unknown = { end: true }
      for (let i = 1; i < depth; i++) value = i % 2 === 0 ? { value } : [value, i]
      return value
    }
    const deep = nest(500)
    t.strictSame(roundTrip(deep), deep)
    t.throws(() => roundTrip(nest(501)), /nested deeper than 500/)
    t.throws(() => roundTrip(nest(100_000)), UnserializableValueError)
    t.end()
  })
  t.end()
})

t.test('SerializerRegistry', (t) => {
  class Money {
    readonly cents: number
    readonly currency: string
    constructor(cents: number, currency: string) {
      this.cents = cents
      this.currency = currency
    }
  }
  const registry = new SerializerRegistry().registerSerializer(Money, {
    name: 'Money',
    toData: (money) => [money.cents, money.currency],
    fromData: (data) => new Money(...(data as [number, string])),
  })
  const custom = new DynamicSerializer({ registry })

  t.test('lets instances of its classes travel, shared ones too', (t) => {
    const encoder = custom.createEncoder()
    const decoder = custom.createDecoder()
    const price = new Money(995, 'EUR')
    for (const record of [price, { price, n: 1 }, { price: new Money(5, 'USD'), n: 2 }]) {
      same(decode(decoder, encode(encoder, record)), record)
    }
    const pair = decode(decoder, encode(encoder, [price, price])) as Money[]
    t.equal(pair[0], pair[1])
    t.equal(pair[0]!.cents, 995)
    t.end()
  })

  t.test('refuses a second class of the same name, and a name that nobody registered', (t) => {
    const serializer = { name: 'Money', toData: () => 1, fromData: () => new Date() }
    t.throws(() => registry.registerSerializer(Date, serializer), /no other class is called Money/)
    const bytes = encode(custom.createEncoder(), new Money(1, 'EUR'))
    const stranger = new DynamicSerializer().createDecoder()
    t.throws(() => decode(stranger, bytes), { code: 'FLINK_MALFORMED_DATA', message: /"Money"/ })
    t.end()
  })
  t.end()
})
