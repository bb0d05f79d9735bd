import assert from 'node:assert/strict'
import { DynamicSerializer, InputBuffer, MalformedDataError, OutputBuffer } from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'
import { recordArbitrary, valueArbitrary } from './value-arbitrary.js'

const serializer = new DynamicSerializer()
const anything = fc.oneof(recordArbitrary, valueArbitrary)

/** All records one after the other, as they lie in a network buffer. */
function encodeAll(records: unknown[]): Buffer {
  const encoder = serializer.createEncoder()
  const out = OutputBuffer.allocate(1 << 18)
  for (const record of records) assert(encoder.tryEncode(record, out), 'it fits')
  return out.written()
}

/** Decodes until the end or the first MalformedDataError; anything else that is thrown goes through. */
function decodeAll(bytes: Uint8Array): 'complete' | 'malformed' {
  // In the middle of larger memory: reading over the end would find bytes there.
  const memory = new Uint8Array(bytes.length + 200).fill(0x41)
  memory.set(bytes, 100)
  const source = new InputBuffer().wrap(memory, 100, bytes.length)
  const decoder = serializer.createDecoder()
  try {
    while (source.remaining > 0) decoder.decode(source)
  } catch (error) {
    if (!(error instanceof MalformedDataError)) throw error
    return 'malformed'
  }
  return 'complete'
}

const bytesOf = (...parts: (number | string)[]) =>
  Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.of(p))))

t.test('a decoder of DynamicSerializer', (t) => {
  t.test('throws MalformedDataError on each prefix that cuts a record', (t) => {
    fc.assert(
      fc.property(anything, (record) => {
        const bytes = encodeAll([record])
        for (let end = 1; end < bytes.length; end++) {
          assert.equal(decodeAll(bytes.subarray(0, end)), 'malformed')
        }
      }),
      { numRuns: 100 },
    )
    t.end()
  })

  t.test('decodes damaged bytes or throws MalformedDataError, and ends', (t) => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 4 }), damage, (records, flips) => {
        const bytes = encodeAll(records)
        for (const [at, mask] of flips) bytes[at % bytes.length]! ^= mask
        decodeAll(bytes)
      }),
      { numRuns: 3000 },
    )
    t.end()
  })

  t.test('decodes noise or throws MalformedDataError', (t) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(0x18), (noise, tag) => {
        decodeAll(noise)
        noise[0] = tag
        decodeAll(noise)
      }),
      { numRuns: 3000 },
    )
    t.end()
  })

  t.test('refuses absurd lengths, numbers and depths without allocating for them', (t) => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x0f]
    const attacks: [string, Buffer][] = [
      ['tag 0', bytesOf(0)],
      ['unused tag', bytesOf(0x18)],
      ['huge object', bytesOf(0x0a, ...huge)],
      ['huge array', bytesOf(0x0b, ...huge)],
      ['huge count of a sparse array', bytesOf(0x0c, ...huge, ...huge)],
      ['index beyond the length', bytesOf(0x0c, 5, 1, 5, 0x40)],
      ['huge Map', bytesOf(0x0d, ...huge)],
      ['huge Set', bytesOf(0x0e, ...huge)],
      ['huge view', bytesOf(0x0f, 1, ...huge)],
      ['huge ArrayBuffer', bytesOf(0x10, ...huge)],
      ['huge bigint', bytesOf(0x07, ...huge)],
      ['huge Latin-1', bytesOf(0x06, 0xe0, ...huge)],
      ['huge UTF-16', bytesOf(0x06, 0xe1, ...huge)],
      ['huge UTF-8', bytesOf(0x06, 0xe2, ...huge)],
      ['endless varint', bytesOf(0x0b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)],
      ['varint beyond 32 bits', bytesOf(0x0b, 0xff, 0xff, 0xff, 0xff, 0x1f)],
      ['unknown dictionary id', bytesOf(0x06, 5)],
      ['dictionary id beyond the bound', bytesOf(0x06, 0xe3, 0xff, 0xff, 0xc1, 'a')],
      ['define within define', bytesOf(0x06, 0xe3, 0, 0, 0xe3, 0, 0, 0xc1, 'a')],
      ['dictionary entry too long', bytesOf(0x06, 0xe3, 0, 0, 0xe0, 65, 'x'.repeat(65))],
      ['unknown shape', bytesOf(0x80)],
      ['unknown far shape', bytesOf(0xff, ...huge)],
      ['shape number out of order', bytesOf(0x15, 1, 0, 0)],
      ['structure 2', bytesOf(0x15, 0, 2, 0)],
      ['field of kind 4', bytesOf(0x15, 0, 0, 1, 4, 0xc1, 'a', 0x40)],
      ['two fields of one name', bytesOf(0x15, 0, 0, 2, 0, 0xc1, 'a', 0, 0xc1, 'a', 0x40, 0x40)],
      ['too many fields', bytesOf(0x15, 0, 1, 0x81, 0x02, ...new Array<number>(600).fill(0))],
      ['field name from the dictionary', bytesOf(0x15, 0, 0, 1, 0, 0, 0x40)],
      ['boolean 2', bytesOf(0x15, 0, 1, 1, 3, 2)],
      ['number with an unused first byte', bytesOf(0x05, 0xfb)],
      ['typed array of half an element', bytesOf(0x0f, 8, 3, 'abc')],
      ['typed array of unknown kind', bytesOf(0x0f, 99, 1, 'a')],
      ['class of error', bytesOf(0x12, 9, 1, 1, 0)],
      ['message of an error that is a number', bytesOf(0x12, 0, 0x41, 1, 0)],
      ['regular expression', bytesOf(0x11, 0xc1, '(', 0xc0)],
      ['boxed undefined', bytesOf(0x13, 1)],
      ['reference outside of a graph', bytesOf(0x17, 0)],
      ['reference to nothing', bytesOf(0x16, 0x0b, 1, 0x17, 9)],
      ['graph within a graph', bytesOf(0x16, 0x0b, 1, 0x16, 0x0b, 0)],
      ['arrays in arrays', Buffer.concat(new Array(100_000).fill(bytesOf(0x0b, 1)))],
      ['graphs in graphs', Buffer.alloc(100_000, 0x16)],
      ['boxes in boxes', Buffer.alloc(100_000, 0x13)],
      ['classes in classes', Buffer.concat(new Array(50_000).fill(bytesOf(0x14, 0xc0)))],
    ]
    const before = process.memoryUsage()
    for (const [what, bytes] of attacks) t.equal(decodeAll(bytes), 'malformed', what)
    const after = process.memoryUsage()
    t.ok(after.rss - before.rss < 100 * 2 ** 20, 'memory stays where it was')
    t.end()
  })

  t.test('compiles no more shapes than the bound, whatever the bytes say', (t) => {
    const parts: Buffer[] = []
    for (let i = 0; i < 300; i++) {
      const number = i < 128 ? [i] : [(i & 0x7f) | 0x80, i >> 7]
      parts.push(bytesOf(0x15, ...number, 0, 1, 0, 0xc4, String(i).padStart(4, 'f'), 0x40))
    }
    t.equal(decodeAll(Buffer.concat(parts)), 'malformed')
    t.equal(decodeAll(Buffer.concat(parts.slice(0, 256))), 'complete')
    t.end()
  })

  t.test('gives a schema that sets `__proto__` an own property and never a prototype', (t) => {
    const bytes = bytesOf(0x15, 0, 0, 1, 0, 0xc9, '__proto__', 0x0a, 1, 0xc5, 'admin', 3 + 1)
    const value = serializer.createDecoder().decode(InputBuffer.of(bytes)) as { admin?: unknown }
    t.equal(value.admin, undefined)
    t.equal(Object.getPrototypeOf(value), Object.prototype)
    t.same(Object.keys(value), ['__proto__'])
    t.end()
  })

  t.test('gives the length of an array of holes without memory for them', (t) => {
    const before = process.memoryUsage().rss
    const bytes = bytesOf(0x0c, 0xff, 0xff, 0xff, 0x0f, 0)
    const many = Array.from({ length: 50 }, () =>
      serializer.createDecoder().decode(InputBuffer.of(bytes)),
    ) as unknown[][]
    t.equal(many[0]!.length, 0x1ffffff)
    t.ok(process.memoryUsage().rss - before < 100 * 2 ** 20)
    t.end()
  })
  t.end()
})
