import assert from 'node:assert/strict'
import {
  DynamicSerializer,
  InputBuffer,
  OutputBuffer,
  type ValueDecoder,
  type ValueEncoder,
} from '@flink-ts/core'
import t from 'tap'

const serializer = new DynamicSerializer()

/** First bytes of values and of texts, as `format.ts` describes them. */
const OBJECT = 0x0a
const NEW_SHAPE = 0x15
const STRING = 0x06
const DEFINE = 0xe3
const MAX_ENTRIES = 16384

function encode(encoder: ValueEncoder, value: unknown, size = 1 << 15): Buffer {
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

t.test('DynamicSerializer writes the pinned bytes of version 1', (t) => {
  // What was stored must be readable later: bytes that change need a new version of the format.
  const vectors: [value: unknown, hex: string][] = [
    [
      { word: 'the', count: 1 },
      '15000002' + '01c4' + '776f7264' + '02c5' + '636f756e74' + 'e30000c374686502',
    ],
    [{ word: 'the', count: -1 }, '800001'],
    [{ word: 'of', count: 1000 }, '80e30100c26f66f8d007'],
    [{ word: 'the', count: 0.5 }, '8000fa000000000000e03f'],
    [['the', 2], '15010102' + '01' + '02' + '0004'],
    ['the', '0600'],
    [[1, 2.5, -0], '15020103' + '020202' + '02' + 'fa0000000000000440' + 'fa0000000000000080'],
    [undefined, '01'],
    [null, '02'],
    [false, '03'],
    [63, '7f'],
    [64, '0580'],
    [1000, '05f8d007'],
    [-(2 ** 31), '05' + 'f9ffffffff'],
    [255n, '0701ff'],
    [-256n, '08020100'],
    [new Date(1), '09000000000000f03f'],
    [new Map([['of', 1]]), '0d01' + '0601' + '41'],
    [new Set([true]), '0e0104'],
    [new Uint16Array([1, 2]), '0f040401000200'],
    ['\u00e9', '06e30200c1e9'],
    ['\u0100', '06e30300e1010001'],
    ['\ud800', '06e30400e10100d8'],
  ]
  const encoder = serializer.createEncoder()
  const decoder = serializer.createDecoder()
  for (const [value, hex] of vectors) {
    const bytes = encode(encoder, value)
    t.equal(bytes.toString('hex'), hex, String(value))
    assert.deepStrictEqual(decode(decoder, bytes), value)
  }
  encoder.reset()
  t.equal(encode(encoder, 'the').toString('hex'), '1806e30000c3746865', 'after a reset')
  t.end()
})

t.test('DynamicSerializer keeps the class of every typed array', (t) => {
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).buffer
  for (const array of [
    new Int8Array(buffer),
    new Uint8Array(buffer),
    new Uint8ClampedArray(buffer),
    new Int16Array(buffer),
    new Uint16Array(buffer),
    new Int32Array(buffer),
    new Uint32Array(buffer),
    new Float32Array(buffer),
    new Float64Array(buffer),
    new BigInt64Array(buffer),
    new BigUint64Array(buffer),
    new DataView(buffer),
    Buffer.from(buffer),
  ]) {
    const record = { array, n: 1 }
    const copy = decode(serializer.createDecoder(), encode(serializer.createEncoder(), record))
    assert.deepStrictEqual(copy, record)
  }
  t.end()
})

t.test('the dictionary', (t) => {
  t.test(`has at most ${MAX_ENTRIES} strings of at most 64 characters`, (t) => {
    const encoder = serializer.createEncoder()
    let defined = 0
    let highest = 0
    for (let i = 0; i < 100_000; i++) {
      // Each word twice in a row, so that the dictionary is worth its while and words never end.
      const bytes = encode(encoder, `w${i >> 1}`, 32)
      if (bytes[1] !== DEFINE) continue
      defined++
      highest = Math.max(highest, bytes.readUInt16LE(2))
    }
    t.ok(defined > 2 * MAX_ENTRIES, `${defined} words were defined`)
    t.ok(highest < MAX_ENTRIES, `the highest number is ${highest}`)
    for (const length of [64, 65]) {
      const text = 'x'.repeat(length)
      encode(encoder, text)
      t.equal(encode(encoder, text).length < 10, length === 64, `${length} characters`)
    }
    t.end()
  })

  t.test('is soon left alone where strings do not repeat, and asked again later', (t) => {
    const encoder = serializer.createEncoder()
    const definitions = (from: number, count: number, word: (i: number) => string) => {
      let defined = 0
      for (let i = from; i < from + count; i++) {
        const bytes = encode(encoder, word(i), 32)
        assert.equal(bytes[0], STRING)
        if (bytes[1] === DEFINE) defined++
      }
      return defined
    }
    definitions(0, 2000, (i) => `id ${i}`)
    const later = definitions(2000, 50_000, (i) => `id ${i}`)
    t.ok(later < 5_000, `${later} of 50000 ids were defined`)
    definitions(0, 100_000, (i) => `word ${i % 100}`)
    t.ok(encode(encoder, 'word 7').length <= 3, 'words that repeat are numbers again')
    t.end()
  })
  t.end()
})

t.test('schemas are limited in size and number: a generic form takes over', (t) => {
  const encoder = serializer.createEncoder()
  const decoder = serializer.createDecoder()
  const record = (fields: number, nameLength: number) =>
    Object.fromEntries(
      Array.from({ length: fields }, (_, i) => [String(i).padStart(nameLength, 'f'), i]),
    )
  const firstByte = (value: object) => {
    const bytes = encode(encoder, value)
    assert.deepStrictEqual(decode(decoder, bytes), value)
    return bytes[0]
  }
  t.equal(firstByte(record(256, 5)), NEW_SHAPE, '256 fields')
  t.equal(firstByte(record(257, 5)), OBJECT, '257 fields')
  t.equal(firstByte(record(2, 4096)), NEW_SHAPE, '8192 characters')
  t.equal(firstByte(record(2, 4097)), OBJECT, '8194 characters')
  let schemas = 2
  for (let i = 0; i < 300; i++) if (firstByte({ [`only ${i}`]: i }) === NEW_SHAPE) schemas++
  t.equal(schemas, 256)

  const schema = (nameLength: number) => {
    const name = Buffer.alloc(nameLength, 'f')
    const length = [(nameLength & 0x7f) | 0x80, nameLength >> 7]
    return Buffer.from([NEW_SHAPE, 0, 0, 1, 0, 0xe0, ...length, ...name, 0x41])
  }
  assert.deepStrictEqual(decode(serializer.createDecoder(), schema(8192)), {
    ['f'.repeat(8192)]: 1,
  })
  t.throws(() => decode(serializer.createDecoder(), schema(8193)), {
    code: 'FLINK_MALFORMED_DATA',
    message: /schema size/,
  })
  t.end()
})
