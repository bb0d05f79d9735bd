import { fileURLToPath } from 'node:url'
import {
  Configuration,
  type LogFields,
  type Logger,
  noopLogger,
  SeededRandom,
  SystemClock,
} from '@flink-ts/core'
import { ClusterSecret, loadInternalTls } from '@flink-ts/core/security'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type DataLocation,
  firstChannelSelector,
  InProcessDataTransport,
  InputGate,
  inlineNetworkIo,
  type PartitionerType,
  RecordReader,
  RecordWriter,
  ResultPartition,
  ShuffleEnvironment,
  tcpDataTransport,
} from '@flink-ts/network'
import fc from 'fast-check'
import t from 'tap'
import { TestConsumer, TestProducer, Turns } from '../exchange/inline-exchange.js'
import { selectors } from '../exchange/test-selectors.js'
import { type TestRecord, testRecord, testSerializer } from '../exchange/test-serializer.js'

async function inProcessCluster(options: { segmentBytes?: number; segments?: number } = {}) {
  const turns = new Turns()
  const clock = new ManualClock()
  const transport = new InProcessDataTransport({ deliver: turns.defer })
  const start = (resourceId: string) =>
    ShuffleEnvironment.start({
      resourceId,
      host: 'sim',
      numberOfSegments: options.segments ?? 128,
      segmentBytes: options.segmentBytes ?? 512,
      clock,
      log: noopLogger,
      defer: turns.defer,
      io: inlineNetworkIo({ transport, bindHost: 'sim', port: 0 }),
    })
  const settle = async () => {
    // Promises of connecting and closing advance between the turns.
    for (let i = 0; i < 50; i++) {
      turns.run()
      await new Promise(setImmediate)
    }
  }
  return { turns, clock, transport, settle, a: await start('tm-a'), b: await start('tm-b') }
}

t.test('remote channels lose nothing, double nothing and keep their order', async (t) => {
  const model = fc.record({
    producers: fc.integer({ min: 1, max: 4 }),
    consumers: fc.integer({ min: 1, max: 4 }),
    selector: fc.constantFrom(...Object.keys(selectors)),
    segmentBytes: fc.constantFrom(512, 4096, 65536),
    sizes: fc.array(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9000 })), {
      minLength: 1,
      maxLength: 60,
    }),
    batch: fc.constantFrom(1, 7, 100),
    decodableAlone: fc.boolean(),
    gateFirst: fc.boolean(),
    seed: fc.integer(),
  })
  await fc.assert(
    fc.asyncProperty(model, async (m) => {
      const { a, b, turns, clock, settle } = await inProcessCluster(m)
      const random = new SeededRandom(m.seed)
      const consumers: TestConsumer[] = []
      // Producers on both TaskManagers, consumers too: local and remote channels in one gate.
      const at = (i: number) => (i % 2 === 0 ? a : b)
      const createGates = () => {
        for (let c = 0; c < m.consumers; c++) {
          const handle = at(c).createInputGate({
            gateId: `gate-${c}`,
            consumedSubpartitions: { first: c, last: c },
            producers: Array.from({ length: m.producers }, (_, p) => ({
              partitionId: `partition-${p}`,
              location: at(p + 1).location,
            })),
          })
          consumers.push(new TestConsumer(handle, at(c).context, { defer: turns.defer }))
        }
      }
      if (m.gateFirst) {
        createGates()
        await settle()
      }
      for (let p = 0; p < m.producers; p++) {
        const handle = at(p + 1).createResultPartition({
          partitionId: `partition-${p}`,
          numberOfSubpartitions: m.consumers,
          partitioner: m.selector as PartitionerType,
        })
        const records = m.sizes.map((size, i) => testRecord(p, i, size))
        new TestProducer(handle, at(p + 1).context, {
          records,
          selector: selectors[m.selector]!(m.consumers, random),
          defer: turns.defer,
          batch: m.batch,
          decodableAlone: m.decodableAlone,
        })
      }
      if (!m.gateFirst) createGates()

      await settle()

      for (const { error } of consumers) if (error !== undefined) throw error
      const sent = m.sizes.length * m.producers
      const got = consumers.reduce((sum, { count }) => sum + count, 0)
      t.ok(consumers.every(({ isDone }) => isDone))
      t.equal(got, m.selector === 'BROADCAST' ? sent * m.consumers : sent)
      for (let c = 0; c < m.consumers; c++) at(c).closeInputGate(`gate-${c}`)
      await settle()
      for (const env of [a, b]) {
        t.equal(env.poolUsage().usedSegments, 0, 'all buffers are back')
        t.equal(env.poolUsage().heapSegments, 0)
        const closing = env.close()
        await settle()
        await closing
      }
      t.equal(clock.pendingTimers, 0)
    }),
    { numRuns: 40 },
  )
})

/** A producer on `a` and a reader on `b` that the test drives by hand. */
async function remotePair(options: Parameters<typeof inProcessCluster>[0] = {}) {
  const world = await inProcessCluster(options)
  const { a, b } = world
  const partition = (partitionId: string) => {
    const output = ResultPartition.attach(
      a.createResultPartition({ partitionId, numberOfSubpartitions: 1, partitioner: 'FORWARD' }),
      a.context,
    )
    const selector = firstChannelSelector()
    const writer = new RecordWriter<TestRecord>(output, { serializer: testSerializer, selector })
    return { output, writer }
  }
  const reader = (partitionId: string) => {
    const gate = InputGate.attach(
      b.createInputGate({
        gateId: `gate of ${partitionId}`,
        consumedSubpartitions: { first: 0, last: 0 },
        producers: [{ partitionId, location: a.location }],
      }),
      b.context,
    )
    return { gate, reader: new RecordReader<TestRecord>(gate, testSerializer) }
  }
  return { ...world, partition, reader }
}

const ignoring = { onRecord() {}, onWatermark() {}, onWatermarkStatus() {}, onEvent() {} }

t.test(
  'a slow remote channel holds its buffers only, and does not block its neighbour',
  async (t) => {
    const { a, b, partition, reader, settle } = await remotePair({ segmentBytes: 4096 })
    const slow = partition('slow')
    const fast = partition('fast')
    const slowReader = reader('slow')
    const fastReader = reader('fast')
    let sent = 0
    const got: number[] = []
    for (let round = 0; round < 30; round++) {
      while (slow.output.isAvailable()) slow.writer.emit(testRecord(0, 0, 3000))
      for (let i = 0; i < 5; i++) fast.writer.emit(testRecord(0, sent++, 3000))
      fast.writer.flushAll()
      await settle()
      while (
        fastReader.reader.poll({ ...ignoring, onRecord: (r) => got.push(r.sequence) }, 100) ===
        'MORE_AVAILABLE'
      );
    }
    t.equal(got.length, sent)
    // Producer: 10 queued; consumer: 2 exclusive and 8 floating, and what the fast one holds.
    t.ok(a.poolUsage().usedSegments <= 10 + 10)
    t.ok(b.poolUsage().usedSegments <= 10 + 10, `${b.poolUsage().usedSegments}`)
    t.equal(slow.output.isAvailable(), false)
    t.equal(slowReader.gate.isAvailable(), true)
    await Promise.all([a.close(), b.close(), settle()])
  },
)

t.test('all channels from one peer share one connection', async (t) => {
  const { a, b, partition, reader, settle, transport } = await remotePair({ segments: 256 })
  let connections = 0
  const connect = transport.connect.bind(transport)
  transport.connect = (address) => {
    connections++
    return connect(address)
  }
  const ids = ['p0', 'p1', 'p2', 'p3']
  const got = new Map<string, number>()
  const inputs = ids.map((id) => ({ id, ...reader(id) }))
  for (const [i, id] of ids.entries()) {
    const { writer } = partition(id)
    for (let n = 0; n <= i; n++) writer.emit(testRecord(0, n, 10))
    writer.flushAll()
  }
  await settle()
  for (const { id, reader } of inputs) {
    const count = () => void got.set(id, (got.get(id) ?? 0) + 1)
    reader.poll({ ...ignoring, onRecord: count }, 10)
  }
  t.same([...got.values()], [1, 2, 3, 4])
  t.equal(connections, 1)
  await Promise.all([a.close(), b.close(), settle()])
})

t.test('a broken connection fails all channels from that peer at once', async (t) => {
  const { a, b, partition, reader, settle, transport, turns } = await remotePair()
  const { writer } = partition('p')
  const input = reader('p')
  writer.emit(testRecord(0, 0, 10))
  writer.flushAll()
  await settle()
  t.equal(input.reader.poll(ignoring, 10), 'NOTHING_AVAILABLE')
  let woken = false
  input.gate.onAvailable(() => {
    woken = true
  })

  transport.breakConnections(`sim:${a.dataPort}`, new Error('connection reset'))
  turns.run()

  t.ok(woken)
  t.throws(() => input.reader.poll(ignoring, 10), {
    code: 'FLINK_REMOTE_TRANSPORT',
    retriable: true,
    partitionId: 'p',
    message: /partition p from sim:1 \(tm-a\): lost the connection: connection reset/,
  })
  b.closeInputGate('gate of p')
  a.releasePartitions(['p'])
  await settle()
  t.equal(a.poolUsage().usedSegments, 0)
  t.equal(b.poolUsage().usedSegments, 0)
  await Promise.all([a.close(), b.close(), settle()])
})

t.test(
  'garbage from a producer closes its connection with one line and hurts no other channel',
  async (t) => {
    const frame = (type: number, body: Buffer, length = body.length + 1) => {
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32LE(length >>> 0)
      prefix[4] = type
      return Buffer.concat([prefix, body])
    }
    const buffer = (channel: number, sequence: number, bytes: number) => {
      const header = Buffer.alloc(13)
      header.writeUInt32LE(channel, 0)
      header.writeUInt32LE(sequence, 4)
      return frame(2, Buffer.concat([header, Buffer.alloc(bytes, 1)]))
    }
    const hello = Buffer.alloc(10)
    hello.writeUInt32LE(0xf117da7a, 0)
    hello.writeUInt16LE(1, 4)
    hello.writeUInt32LE(512, 6)
    const greeting = frame(0, Buffer.concat([hello, Buffer.from('tm-evil')]))
    const many = Buffer.concat(Array.from({ length: 40 }, (_, i) => buffer(0, i, 300)))
    const attacks: Record<string, { bytes: Buffer; reason: RegExp }> = {
      'an unknown channel': { bytes: buffer(99, 0, 10), reason: /unknown channel 99/ },
      'a gap': { bytes: buffer(0, 5, 10), reason: /continues with Buffer 5/ },
      'more than its credit': { bytes: many, reason: /beyond its credit/ },
      'an empty Buffer': { bytes: buffer(0, 0, 0), reason: /0 bytes/ },
      'a Buffer larger than a segment': { bytes: buffer(0, 0, 513), reason: /513 bytes/ },
      'an absurd length': { bytes: frame(6, Buffer.alloc(9), 0xffffffff), reason: /claims/ },
      'a frame of a consumer': { bytes: frame(3, Buffer.alloc(8)), reason: /type 3/ },
      'a short Error': { bytes: frame(6, Buffer.alloc(2)), reason: /2 bytes of 5/ },
      'half a frame, then nothing': {
        bytes: buffer(0, 0, 100).subarray(0, 60),
        reason: /peer closed it/,
      },
    }
    for (const [name, { bytes, reason }] of Object.entries(attacks)) {
      const { a, transport, settle, turns, clock } = await inProcessCluster()
      const lines: LogFields[] = []
      const log: Logger = {
        ...noopLogger,
        warn: (_, fields) => void lines.push(fields!),
        child: () => log,
      }
      const b = await ShuffleEnvironment.start({
        resourceId: 'tm-b',
        host: 'sim',
        numberOfSegments: 64,
        segmentBytes: 512,
        clock,
        log,
        defer: turns.defer,
        io: inlineNetworkIo({ transport, bindHost: 'sim-b', port: 0 }),
      })
      const evil = await transport.listen({ host: 'evil', port: 0 }, (connection) => {
        connection.start({ onData() {}, onClose() {} })
        connection.write([greeting, bytes], () => connection.end())
      })
      const attach = (gateId: string, location: DataLocation) =>
        InputGate.attach(
          b.createInputGate({
            gateId,
            consumedSubpartitions: { first: 0, last: 0 },
            producers: [{ partitionId: 'p', location }],
          }),
          b.context,
        )
      const bad = new RecordReader(
        attach('bad', { resourceId: 'tm-evil', host: 'evil', dataPort: evil.port }),
        testSerializer,
      )
      const good = new RecordReader<TestRecord>(attach('good', a.location), testSerializer)
      await settle()
      t.throws(() => bad.poll(ignoring, 10), { code: 'FLINK_REMOTE_TRANSPORT' }, name)
      t.equal(lines.length, 1, name)
      t.match(lines[0], { resourceId: 'tm-evil', reason }, name)

      const output = ResultPartition.attach(
        a.createResultPartition({
          partitionId: 'p',
          numberOfSubpartitions: 1,
          partitioner: 'FORWARD',
        }),
        a.context,
      )
      const selector = firstChannelSelector()
      const writer = new RecordWriter<TestRecord>(output, { serializer: testSerializer, selector })
      writer.emit(testRecord(0, 0, 10))
      writer.flushAll()
      await settle()
      let received = 0
      good.poll({ ...ignoring, onRecord: () => void received++ }, 10)
      t.equal(received, 1, `${name}: the other channel goes on`)
      b.closeInputGate('bad')
      b.closeInputGate('good')
      await settle()
      t.equal(b.poolUsage().usedSegments, 0, `${name}: no buffer is lost`)
      await Promise.all([a.close(), b.close(), evil.close(), settle()])
    }
  },
)

t.test('failConnection fails the channels from a peer that is declared dead', async (t) => {
  const { a, b, partition, reader, settle } = await remotePair()
  partition('p')
  const input = reader('p')
  await settle()
  b.failConnection('tm-a', 'its heartbeat timed out')
  t.throws(() => input.reader.poll(ignoring, 10), /its heartbeat timed out/)
  await Promise.all([a.close(), b.close(), settle()])
})

t.test('a partition released before its end fails its remote consumer by name', async (t) => {
  const { a, b, partition, reader, settle } = await remotePair()
  const { writer } = partition('p')
  const input = reader('p')
  for (let i = 0; i < 40; i++) writer.emit(testRecord(0, i, 400))
  await settle()
  a.releasePartitions(['p'])
  await settle()
  t.throws(() => input.reader.poll(ignoring, 10), { code: 'FLINK_PARTITION_RELEASED' })
  t.equal(a.poolUsage().usedSegments, 0)
  t.equal(a.poolUsage().heapSegments, 0)
  await Promise.all([a.close(), b.close(), settle()])
})

t.test('a partition that never comes fails its remote consumer after the timeout', async (t) => {
  const { a, b, reader, settle, clock } = await remotePair()
  const input = reader('missing')
  await settle()
  clock.advance(9_999)
  await settle()
  t.equal(input.reader.poll(ignoring, 10), 'NOTHING_AVAILABLE')
  clock.advance(1)
  await settle()
  t.throws(() => input.reader.poll(ignoring, 10), { code: 'FLINK_PARTITION_NOT_FOUND' })
  await Promise.all([a.close(), b.close(), settle()])
})

t.test('a peer that is not there fails the channel', async (t) => {
  const { a, b, settle } = await inProcessCluster()
  const handle = b.createInputGate({
    gateId: 'g',
    consumedSubpartitions: { first: 0, last: 0 },
    producers: [
      { partitionId: 'p', location: { resourceId: 'tm-x', host: 'nowhere', dataPort: 9 } },
    ],
  })
  const reader = new RecordReader(InputGate.attach(handle, b.context), testSerializer)
  await settle()
  t.throws(() => reader.poll(ignoring, 10), /nobody listens on nowhere:9/)
  await Promise.all([a.close(), b.close(), settle()])
})

t.test('a cancelled remote gate gives its buffers back while data still arrives', async (t) => {
  const { a, b, partition, reader, settle, turns } = await remotePair({ segmentBytes: 4096 })
  const { writer, output } = partition('p')
  reader('p').gate.close()
  for (let i = 0; i < 7; i++) writer.emit(testRecord(0, i, 4000))
  await settle()
  b.closeInputGate('gate of p')
  turns.run()
  await settle()
  t.equal(b.poolUsage().usedSegments, 0)
  t.ok(output.isAvailable())
  for (let i = 0; i < 100; i++) writer.emit(testRecord(0, i, 4000))
  a.releasePartitions(['p'])
  await settle()
  t.equal(a.poolUsage().usedSegments, 0)
  await Promise.all([a.close(), b.close(), settle()])
})

const secret = ClusterSecret.random()
const tls = fileURLToPath(new URL('../../../core/test/fixtures/tls/', import.meta.url))
const withTls = {
  secret,
  tls: loadInternalTls(
    Configuration.fromMap({
      'security.ssl.internal.enabled': 'true',
      'security.ssl.internal.keystore': `${tls}cluster.pem`,
      'security.ssl.internal.truststore': `${tls}cluster.crt`,
    }),
  ),
}

for (const [how, security] of [
  ['TCP', undefined],
  ['authenticated TCP', { secret }],
  ['TLS', withTls],
] as const)
  t.test(`an inline ${how} exchange carries records of 0 B to 5 MB both ways`, async (t) => {
    const clock = new SystemClock()
    const defer = (action: () => void) => void setImmediate(action)
    const start = (resourceId: string) =>
      ShuffleEnvironment.start({
        resourceId,
        host: '127.0.0.1',
        numberOfSegments: 64,
        clock,
        log: noopLogger,
        defer,
        io: inlineNetworkIo({
          bindHost: '127.0.0.1',
          port: 0,
          transport: tcpDataTransport({ security, name: resourceId, clock, log: noopLogger }),
        }),
      })
    const a = await start('tm-a')
    const b = await start('tm-b')
    const sizes = [0, 1, 40, 32_700, 32_768, 100_000, 5_000_000]
    const records = (sender: number) =>
      Array.from({ length: 400 }, (_, i) =>
        testRecord(sender, i, i < 14 ? sizes[i % 7]! : (i * 37) % 900),
      )
    const consumers: TestConsumer[] = []
    for (const [p, env] of [a, b].entries()) {
      const handle = env.createResultPartition({
        partitionId: `p${p}`,
        numberOfSubpartitions: 2,
        partitioner: 'REBALANCE',
      })
      new TestProducer(handle, env.context, {
        records: records(p),
        selector: selectors['REBALANCE']!(2, new SeededRandom(p)),
        defer,
        batch: 10,
      })
    }
    for (const [c, env] of [a, b].entries()) {
      const handle = env.createInputGate({
        gateId: `g${c}`,
        consumedSubpartitions: { first: c, last: c },
        producers: [a, b].map(({ location }, p) => ({ partitionId: `p${p}`, location })),
      })
      consumers.push(new TestConsumer(handle, env.context, { defer }))
    }
    while (!consumers.every(({ isDone, error }) => isDone || error !== undefined)) {
      await new Promise(setImmediate)
    }
    for (const { error } of consumers) if (error !== undefined) throw error
    t.equal(consumers[0]!.count + consumers[1]!.count, 800)
    const metrics = a.gateMetrics('g0')!
    t.same(
      metrics.map(({ isLocal }) => isLocal),
      [true, false],
    )
    t.ok(metrics.every(({ numBytes }) => numBytes > 5_000_000))
    await Promise.all([a.close(), b.close()])
  })
