import { SeededRandom } from '@flink-ts/core'
import {
  firstChannelSelector,
  functionSelector,
  InputGate,
  type PartitionerType,
  RecordReader,
  RecordWriter,
  ResultPartition,
} from '@flink-ts/network'
import fc from 'fast-check'
import t from 'tap'
import { inlineEnvironment, pair } from './environment-pair.js'
import { TestConsumer, TestProducer } from './inline-exchange.js'
import { selectors } from './test-selectors.js'
import { type TestRecord, testRecord, testSerializer } from './test-serializer.js'

t.test(
  'the exchange loses nothing, doubles nothing and keeps the order of each channel',
  async (t) => {
    const model = fc.record({
      producers: fc.integer({ min: 1, max: 4 }),
      consumers: fc.integer({ min: 1, max: 4 }),
      selector: fc.constantFrom(...Object.keys(selectors)),
      segmentBytes: fc.constantFrom(512, 1024, 4096, 65536),
      sizes: fc.array(
        fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 5000 })),
        {
          minLength: 1,
          maxLength: 60,
        },
      ),
      batch: fc.constantFrom(1, 7, 100),
      readBatch: fc.constantFrom(1, 3, 1000),
      decodableAlone: fc.boolean(),
      seed: fc.integer(),
    })
    await fc.assert(
      fc.asyncProperty(model, async (m) => {
        const { env, turns } = await inlineEnvironment({ segmentBytes: m.segmentBytes })
        const random = new SeededRandom(m.seed)
        const producers: TestProducer[] = []
        const consumers: TestConsumer[] = []
        const consumer = (index: number) => {
          const handle = env.createInputGate({
            gateId: `gate-${index}`,
            consumedSubpartitions: { first: index, last: index },
            producers: Array.from({ length: m.producers }, (_, p) => ({
              partitionId: `partition-${p}`,
              location: env.location,
            })),
          })
          const options = { defer: turns.defer, batch: m.readBatch }
          consumers.push(new TestConsumer(handle, env.context, options))
        }
        // One consumer comes before the producers, the others after.
        consumer(0)
        for (let p = 0; p < m.producers; p++) {
          const handle = env.createResultPartition({
            partitionId: `partition-${p}`,
            numberOfSubpartitions: m.consumers,
            partitioner: m.selector as PartitionerType,
          })
          const records = m.sizes.flatMap((size, i) => [
            testRecord(p, 2 * i, size),
            testRecord(p, 2 * i + 1, 8),
          ])
          const selector = selectors[m.selector]!(m.consumers, random)
          producers.push(
            new TestProducer(handle, env.context, {
              records,
              selector,
              defer: turns.defer,
              batch: m.batch,
              decodableAlone: m.decodableAlone,
            }),
          )
        }
        for (let i = 0; i < 37; i++) turns.one()
        for (let c = 1; c < m.consumers; c++) consumer(c)

        turns.run()

        for (const { error } of consumers) if (error !== undefined) throw error
        t.ok(consumers.every(({ isDone }) => isDone))
        const sent = m.sizes.length * 2 * m.producers
        const got = consumers.reduce((sum, { count }) => sum + count, 0)
        t.equal(got, m.selector === 'BROADCAST' ? sent * m.consumers : sent)
        for (const { events } of consumers) t.equal(events.length, 2 * m.producers)
        for (let p = 0; p < m.producers; p++) {
          const of = env.partitionMetrics(`partition-${p}`)!
          const records = of.reduce((sum, { numRecords }) => sum + numRecords, 0)
          t.equal(records, m.sizes.length * 2 * (m.selector === 'BROADCAST' ? m.consumers : 1))
        }
        t.equal(env.poolUsage().usedSegments, 0, 'all buffers are back')
        t.equal(env.poolUsage().heapSegments, 0)
        await env.close()
      }),
      { numRuns: 60 },
    )
  },
)

t.test('RecordWriter carries a record of 5 MB through buffers of 32 KiB', async (t) => {
  const { env, turns } = await inlineEnvironment({ segmentBytes: 32 * 1024 })
  const producer = new TestProducer(
    env.createResultPartition({
      partitionId: 'p',
      numberOfSubpartitions: 1,
      partitioner: 'FORWARD',
    }),
    env.context,
    {
      records: [testRecord(0, 0, 3), testRecord(0, 1, 5_000_000), testRecord(0, 2, 0)],
      selector: firstChannelSelector(),
      defer: turns.defer,
    },
  )
  const consumer = new TestConsumer(
    env.createInputGate({
      gateId: 'g',
      consumedSubpartitions: { first: 0, last: 0 },
      producers: [{ partitionId: 'p', location: env.location }],
    }),
    env.context,
    { defer: turns.defer },
  )

  turns.run()

  t.equal(consumer.error, undefined)
  t.ok(producer.isDone)
  t.equal(consumer.count, 3)
  t.equal(env.poolUsage().usedSegments, 0)
  t.equal(env.poolUsage().heapSegments, 0)
  await env.close()
})

t.test(
  'RecordReader delivers records, watermarks, statuses and events in the order of writing',
  async (t) => {
    const { env, writer, reader, seen, handler } = await pair()
    writer.emit(testRecord(0, 1, 5))
    writer.emit(testRecord(0, 2, 5), 1000.5)
    writer.emitWatermark(Number.POSITIVE_INFINITY)
    writer.emitWatermarkStatus('IDLE')
    writer.broadcastEvent({
      type: 'CHECKPOINT_BARRIER',
      checkpointId: 2n ** 40n,
      timestampMs: 7,
      snapshotType: 'SAVEPOINT',
      alignment: 'ALIGNED',
      alignedTimeoutMs: 0,
      targetLocation: `file:///${'x'.repeat(400)}`,
    })
    writer.emitWatermarkStatus('ACTIVE')
    writer.broadcastEvent({ type: 'CANCEL_CHECKPOINT', checkpointId: 3n })
    writer.broadcastEvent({ type: 'END_OF_DATA', drain: true })
    writer.broadcastEvent({ type: 'END_OF_PARTITION' })

    t.equal(reader.poll(handler, 1000), 'END_OF_INPUT')

    t.same(seen, [
      '1@NaN',
      '2@1000.5',
      'watermark Infinity',
      'IDLE',
      'CHECKPOINT_BARRIER',
      'ACTIVE',
      'CANCEL_CHECKPOINT',
      'END_OF_DATA',
      'END_OF_PARTITION',
    ])
    t.equal(env.poolUsage().usedSegments, 0)
    await env.close()
  },
)

t.test('RecordWriter shows nothing before a flush, and flushing costs no buffer', async (t) => {
  const { env, writer, reader, gate, seen, handler } = await pair({ segmentBytes: 4096 })
  writer.emit(testRecord(0, 0, 4))
  t.equal(gate.isAvailable(), false)
  t.equal(reader.poll(handler, 10), 'NOTHING_AVAILABLE')

  for (let i = 1; i < 100; i++) {
    writer.flushAll()
    t.equal(reader.poll(handler, 10), 'NOTHING_AVAILABLE')
    t.equal(seen.length, i)
    t.equal(env.poolUsage().usedSegments, 1)
    writer.emit(testRecord(0, i, 4))
  }
  await env.close()
})

t.test('RecordReader reads a buffer of each channel in turn, however full one is', async (t) => {
  const { env } = await inlineEnvironment()
  const attach = (partitionId: string) => {
    const handle = env.createResultPartition({
      partitionId,
      numberOfSubpartitions: 1,
      partitioner: 'FORWARD',
    })
    const output = ResultPartition.attach(handle, env.context)
    const selector = firstChannelSelector()
    const writer = new RecordWriter<TestRecord>(output, { serializer: testSerializer, selector })
    return { output, writer }
  }
  const flood = attach('p0')
  const quiet = attach('p1')
  const gate = InputGate.attach(
    env.createInputGate({
      gateId: 'g',
      consumedSubpartitions: { first: 0, last: 0 },
      producers: ['p0', 'p1'].map((partitionId) => ({ partitionId, location: env.location })),
    }),
    env.context,
  )
  const reader = new RecordReader<TestRecord>(gate, testSerializer)
  const seen: number[] = []
  const handler = {
    onRecord: (_: TestRecord, __: number, channel: number) => void seen.push(channel),
    onWatermark() {},
    onWatermarkStatus() {},
    onEvent() {},
  }
  // One record fills most of a buffer.
  for (let round = 0; round < 20; round++) {
    for (let i = 0; flood.output.isAvailable(); i++) flood.writer.emit(testRecord(0, i, 400))
    quiet.writer.emit(testRecord(1, round, 400))
    quiet.writer.flushAll()
    seen.length = 0
    reader.poll(handler, 3)
    t.ok(seen.includes(1), `round ${round}: ${seen}`)
    t.ok(seen.includes(0), `round ${round}: ${seen}`)
  }
  await env.close()
})

t.test(
  'InputGate wakes its reader once per wait, through the injected scheduler only',
  async (t) => {
    const { env, turns, writer, gate } = await pair()
    let calls = 0
    gate.onAvailable(() => calls++)
    turns.run()
    t.equal(calls, 0)

    writer.emit(testRecord(0, 0, 4))
    writer.flushAll()
    writer.emit(testRecord(0, 1, 4))
    writer.flushAll()
    t.equal(calls, 0, 'never synchronously')
    turns.run()

    t.equal(calls, 1)
    await env.close()
  },
)

t.test('InputGate leaves a blocked channel alone until it is resumed', async (t) => {
  const { env, writer, gate, reader, seen, handler } = await pair()
  writer.emit(testRecord(0, 0, 4))
  writer.flushAll()
  gate.blockConsumption(0)
  t.equal(gate.isAvailable(), false)
  t.equal(reader.poll(handler, 10), 'NOTHING_AVAILABLE')
  gate.resumeConsumption(0)
  t.equal(reader.poll(handler, 10), 'NOTHING_AVAILABLE')
  t.same(seen, ['0@NaN'])
  await env.close()
})

t.test('a record that cannot be encoded leaves nothing of itself', async (t) => {
  const { env, writer, reader, seen, handler } = await pair()
  writer.emit(testRecord(0, 0, 4))
  t.throws(() => writer.emit({} as TestRecord))
  writer.emit(testRecord(0, 1, 4))
  writer.flushAll()
  reader.poll(handler, 10)
  t.same(seen, ['0@NaN', '1@NaN'])
  await env.close()
})

t.test('an exception of the handler loses no other record', async (t) => {
  const { env, writer, reader, seen, handler } = await pair()
  for (let i = 0; i < 3; i++) writer.emit(testRecord(0, i, 4))
  writer.flushAll()
  const throwing = {
    ...handler,
    onRecord(r: TestRecord) {
      if (r.sequence === 1) throw new Error('user code')
      seen.push(`${r.sequence}`)
    },
  }
  t.throws(() => reader.poll(throwing, 10), /user code/)
  reader.poll(throwing, 10)
  t.same(seen, ['0', '2'])
  await env.close()
})

t.test('the partitioner that chooses no channel is named in the error', async (t) => {
  const { env } = await inlineEnvironment()
  const output = ResultPartition.attach(
    env.createResultPartition({
      partitionId: 'p',
      numberOfSubpartitions: 2,
      partitioner: 'CUSTOM',
    }),
    env.context,
  )
  const writer = new RecordWriter<TestRecord>(output, {
    serializer: testSerializer,
    selector: functionSelector(() => 2),
  })
  t.throws(() => writer.emit(testRecord(0, 0, 0)), /channel 2 of 2/)
  await env.close()
})
