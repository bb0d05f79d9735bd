import { createRequire } from 'node:module'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import {
  DynamicSerializer,
  InputBuffer,
  OutputBuffer,
  TypedSerializer,
  Types,
} from '@flink-ts/core'

const SEGMENT_BYTES = 32 * 1024
const ROUNDS = 7

const words = Array.from({ length: 5000 }, (_, i) => `w${((i * 7919) % 5000).toString(36)}`)

/** Each case makes the records of one round; strings are made anew, as a source makes them. */
const cases = {
  '{word, count}, 5000 words': (i) => ({ word: words[(i * i) % words.length], count: 1 }),
  '{word, count}, words made anew': (i) => ({
    word: fresh(words[(i * i) % words.length]),
    count: 1,
  }),
  '{id}, unrepeated 8 characters': (i) => ({
    id: (0x10000000 + i * 2654435).toString(16).slice(-8),
    n: i,
  }),
  'seven fields, mixed': (i) => ({
    userId: i,
    name: words[i % 100],
    amount: i * 0.25,
    at: 1_700_000_000_000 + i,
    country: words[i % 20],
    active: i % 2 === 0,
    note: null,
  }),
  'six of seven fields, declared': (i) => ({
    userId: i,
    name: words[i % 100],
    amount: i * 0.25,
    at: 1_700_000_000_000 + i,
    country: words[i % 20],
    active: i % 2 === 0,
  }),
  '[word, count]': (i) => [words[i % words.length], i],
  'nested order': (i) => ({
    id: i,
    customer: { name: words[i % 500], address: { city: words[i % 50], zip: 10000 + (i % 90000) } },
    items: [
      { sku: words[i % 300], quantity: 1, price: 9.5 },
      { sku: words[i % 301], quantity: 2, price: 0.75 },
    ],
  }),
  'plain string': (i) => words[i % words.length],
  'line of 100 characters': (i) =>
    `${i} ${'the quick brown fox jumps over the lazy dog '.repeat(2)}`.padEnd(100, '.'),
}

const wordCount = Types.object({ word: Types.string, count: Types.int })
const flat = Types.object({
  userId: Types.int,
  name: Types.string,
  amount: Types.double,
  at: Types.double,
  country: Types.string,
  active: Types.boolean,
  note: Types.optional(Types.string),
})

/** Declared types of the cases that have one, as `returns` takes them. */
const types = {
  '{word, count}, 5000 words': wordCount,
  '{word, count}, words made anew': wordCount,
  '{id}, unrepeated 8 characters': Types.object({ id: Types.string, n: Types.int }),
  '[word, count]': Types.tuple(Types.string, Types.int),
  'nested order': Types.object({
    id: Types.int,
    customer: Types.object({
      name: Types.string,
      address: Types.object({ city: Types.string, zip: Types.int }),
    }),
    items: Types.list(
      Types.object({ sku: Types.string, quantity: Types.int, price: Types.double }),
    ),
  }),
  'six of seven fields, declared': flat,
  'plain string': Types.string,
}

function fresh(text) {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** ns per record of our serializer: encode into 32 KiB buffers, decode each when it is full. */
function measureOurs(records, sharedMemory, serializer, resetEach = false) {
  const encoder = serializer.createEncoder()
  const decoder = serializer.createDecoder()
  const memory = sharedMemory
    ? new SharedArrayBuffer(SEGMENT_BYTES)
    : new ArrayBuffer(SEGMENT_BYTES)
  const out = new OutputBuffer().wrap(new Uint8Array(memory))
  const input = new InputBuffer()
  const figures = { encode: [], decode: [], bytes: 0 }
  let sink = 0
  for (let round = 0; round < ROUNDS; round++) {
    let decodeTime = 0n
    let bytes = 0
    const begin = process.hrtime.bigint()
    const drain = () => {
      const at = process.hrtime.bigint()
      bytes += out.position
      input.wrap(out.bytes, 0, out.position)
      while (input.position < input.limit) {
        if (decoder.decode(input) === undefined) sink++
      }
      out.position = 0
      if (resetEach) encoder.reset()
      decodeTime += process.hrtime.bigint() - at
    }
    for (let i = 0; i < records.length; i++) {
      while (!encoder.tryEncode(records[i], out)) drain()
    }
    drain()
    const total = process.hrtime.bigint() - begin
    figures.decode.push(Number(decodeTime) / records.length)
    figures.encode.push(Number(total - decodeTime) / records.length)
    figures.bytes = bytes / records.length
  }
  if (sink > 0) throw new Error('a record got lost')
  return { encode: median(figures.encode), decode: median(figures.decode), bytes: figures.bytes }
}

function measureOther(records, roundTrip) {
  const times = []
  for (let round = 0; round < 3; round++) {
    const begin = process.hrtime.bigint()
    for (const record of records) roundTrip(record)
    times.push(Number(process.hrtime.bigint() - begin) / records.length)
  }
  return median(times)
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

/** From the repository's node_modules or from the folder that BENCH_MODULES names; undefined if it is not there. */
function optionalLibrary(name) {
  const folders = [
    import.meta.url,
    process.env.BENCH_MODULES && join(process.env.BENCH_MODULES, 'x'),
  ]
  for (const folder of folders.filter(Boolean)) {
    try {
      return createRequire(folder)(name)
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  return undefined
}

/** Both with what makes them fastest: shared structures, and a schema made from the records. */
function libraries(records, log) {
  const found = {}
  const msgpackr = optionalLibrary('msgpackr')
  if (msgpackr === undefined) log('msgpackr is not installed: skipped')
  else {
    const packr = new msgpackr.Packr({ structures: [] })
    found.msgpackr = (record) => packr.unpack(packr.pack(record))
  }
  const avsc = optionalLibrary('avsc')
  if (avsc === undefined) log('avsc is not installed: skipped')
  else {
    const type = avsc.Type.forValue(records.slice(0, 1000))
    const item = type.itemsType
    found.avsc = (record) => item.fromBuffer(item.toBuffer(record))
  }
  return found
}

const others = {
  'v8.serialize': (record) => deserialize(serialize(record)),
  structuredClone: (record) => structuredClone(record),
  JSON: (record) => JSON.parse(JSON.stringify(record)),
}

/** Serializer and deserializer on one core, in nanoseconds per record. */
export async function run({ report, log = () => {} }) {
  for (const [name, make] of Object.entries(cases)) {
    const records = Array.from({ length: 200_000 }, (_, i) => make(i))
    const ours = measureOurs(records, true, new DynamicSerializer())
    report({ case: name, metric: 'encode', unit: 'ns/record', value: ours.encode })
    report({ case: name, metric: 'decode', unit: 'ns/record', value: ours.decode })
    report({ case: name, metric: 'size', unit: 'bytes/record', value: ours.bytes })
    const alone = measureOurs(records, true, new DynamicSerializer(), true)
    report({
      case: name,
      metric: 'size, each buffer alone',
      unit: 'bytes/record',
      value: alone.bytes,
    })
    report({
      case: name,
      metric: 'each buffer alone',
      unit: 'ns/record',
      value: alone.encode + alone.decode,
    })
    if (types[name] !== undefined) {
      const typed = measureOurs(
        records,
        true,
        new TypedSerializer(types[name], { operatorName: '' }),
      )
      report({
        case: name,
        metric: 'declared type',
        unit: 'ns/record',
        value: typed.encode + typed.decode,
      })
    }
    const value = ours.encode + ours.decode
    for (const [against, roundTrip] of Object.entries({
      ...others,
      ...libraries(records, log),
    })) {
      const againstValue = measureOther(records.slice(0, 20_000), roundTrip)
      report({
        case: name,
        metric: 'encode + decode',
        unit: 'ns/record',
        value,
        against,
        againstValue,
      })
    }
  }
}
