import { MesosProtocolError, RecordDecoder } from '@flink-ts/mesos-client'
import fc from 'fast-check'
import t from 'tap'

function decode(chunks: readonly (string | Uint8Array)[], maxRecordBytes = 1_000) {
  const decoder = new RecordDecoder({ maxRecordBytes })
  const records: string[] = []
  let error: unknown
  try {
    for (const chunk of chunks) {
      for (const record of decoder.push(Buffer.from(chunk))) {
        records.push(Buffer.from(record).toString())
      }
    }
  } catch (thrown) {
    error = thrown
  }
  return { records, error: error as Error | undefined, isBetween: decoder.isBetweenRecords }
}

const framed = (record: Uint8Array) =>
  Buffer.concat([Buffer.from(`${record.length}\n`), Buffer.from(record)])

t.test('RecordDecoder finds records however the stream is cut into chunks', async (t) => {
  t.strictSame(decode(['3\nabc']).records, ['abc'])
  t.strictSame(decode(['1', '0', '\n', 'abcde', '', 'fghij']).records, ['abcdefghij'])
  t.strictSame(decode(['3\nabc2\nde1', '\nf']).records, ['abc', 'de', 'f'], 'several in one chunk')
  t.strictSame(decode(['2\n\n\n1\n7']).records, ['\n\n', '7'], 'newlines and digits of a record')
  t.strictSame(decode(['003\nabc']).records, ['abc'])
})

t.test(
  'RecordDecoder counts bytes, not characters, and joins characters that a chunk cuts',
  async (t) => {
    const euro = Buffer.from('€uro')
    t.strictSame(decode([`${euro.length}\n`, euro.subarray(0, 1), euro.subarray(1)]).records, [
      '€uro',
    ])
  },
)

t.test('RecordDecoder: any chunking gives the same records', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 10 }),
      fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1 }),
      (records, sizes) => {
        const stream = Buffer.concat(records.map(framed))
        const decoder = new RecordDecoder({ maxRecordBytes: 300 })
        const found: string[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length]! || (turn % 97 === 0 ? 1 : 0)
          const end = at + (sizes.every((s) => s === 0) ? 1 : size)
          for (const record of decoder.push(stream.subarray(at, end))) {
            found.push(Buffer.from(record).toString('hex'))
          }
          at = end
        }
        t.strictSame(
          found,
          records.map((record) => Buffer.from(record).toString('hex')),
        )
        t.ok(decoder.isBetweenRecords)
      },
    ),
  )
})

t.test('RecordDecoder knows whether the stream may end', async (t) => {
  t.equal(decode([]).isBetween, true)
  t.equal(decode(['3\nabc']).isBetween, true)
  t.equal(decode(['3']).isBetween, false)
  t.equal(decode(['3\n']).isBetween, false)
  t.equal(decode(['3\nab']).isBetween, false)
})

t.test('RecordDecoder refuses what is no RecordIO, after the records before it', async (t) => {
  const problems: [string, RegExp][] = [
    ['HTTP/1.1 400', /'H' in it/],
    ['-3\nabc', /'-' in it/],
    ['3 \nabc', /byte 32/],
    ['3\r\nabc', /byte 13/],
    ['\n', /is missing/],
    ['0\n', /length 0/],
    ['1001\n', /longer than 1000 bytes/],
    ['99999999999999999999999999', /longer than 1000 bytes/],
    ['000000000000000000000000000', /too many digits/],
    ['\u00ff\u00fe', /byte 195/],
  ]
  for (const [text, words] of problems) {
    const { records, error } = decode([`2\nok${text}`])
    t.strictSame(records, ['ok'], text)
    t.ok(error instanceof MesosProtocolError)
    t.match(error?.message, words)
  }
})

t.test('RecordDecoder: any bytes give records or a MesosProtocolError', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (chunks) => {
      const { error } = decode(chunks)
      return error === undefined || error instanceof MesosProtocolError
    }),
  )
  t.pass()
})

t.test(
  'RecordDecoder takes no more memory than has come, whatever a length promises',
  async (t) => {
    const maxRecordBytes = 2 ** 34
    const decoders = Array.from({ length: 50 }, () => new RecordDecoder({ maxRecordBytes }))
    const before = process.memoryUsage().arrayBuffers
    for (const decoder of decoders)
      t.strictSame([...decoder.push(Buffer.from(`${2 ** 33}\nx`))], [])
    t.ok(process.memoryUsage().arrayBuffers - before < 50 * 2 ** 20)
  },
)

t.test('RecordDecoder puts a large record of many small chunks together', async (t) => {
  const record = Buffer.alloc(3_000_000, 'abc')
  const stream = framed(record)
  const chunks = Array.from({ length: Math.ceil(stream.length / 1_000) }, (_, index) =>
    stream.subarray(index * 1_000, (index + 1) * 1_000),
  )
  t.strictSame(decode(chunks, 3_000_000).records, [record.toString()])
})
