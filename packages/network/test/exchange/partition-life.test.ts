import { InputGate, InsufficientNetworkBuffersError, RecordReader } from '@flink-ts/network'
import t from 'tap'
import { inlineEnvironment, pair } from './environment-pair.js'
import { testRecord, testSerializer } from './test-serializer.js'

t.test(
  'ResultPartition is unavailable at ten queued buffers and available when four are consumed',
  async (t) => {
    const { env, turns, writer, output, reader, handler } = await pair()
    let emitted = 0
    while (output.isAvailable()) writer.emit(testRecord(0, emitted++, 400))
    t.equal(env.poolUsage().usedSegments, 10)
    let calls = 0
    output.onAvailable(() => calls++)
    turns.run()
    t.equal(calls, 0)

    for (let i = 0; i < 4; i++) reader.poll(handler, 1)
    turns.run()

    t.equal(calls, 1)
    t.ok(output.isAvailable())
    await env.close()
  },
)

t.test(
  'ResultPartition lends five buffers of overdraft, then heap buffers, and takes all back',
  async (t) => {
    const { env, turns, writer, reader, seen, handler } = await pair()
    for (let i = 0; i < 100; i++) writer.emit(testRecord(0, i, 400))
    t.equal(env.poolUsage().usedSegments, 15)
    t.equal(env.poolUsage().heapSegments, 85)
    writer.broadcastEvent({ type: 'END_OF_PARTITION' })

    for (let i = 0; i < 1000 && reader.poll(handler, 10) !== 'END_OF_INPUT'; i++) turns.run()

    t.equal(seen.length, 101)
    t.equal(env.poolUsage().usedSegments, 0)
    t.equal(env.poolUsage().heapSegments, 0)
    await env.close()
  },
)

t.test(
  'releasePartitions fails the consumer of an unfinished partition and frees its buffers',
  async (t) => {
    const { env, turns, writer, gate, reader, handler } = await pair()
    for (let i = 0; i < 50; i++) writer.emit(testRecord(0, i, 400))
    let woken = 0
    gate.onAvailable(() => woken++)
    env.releasePartitions(['p', 'unknown'])
    turns.run()

    t.equal(woken, 1)
    t.throws(() => reader.poll(handler, 10), {
      code: 'FLINK_PARTITION_RELEASED',
      retriable: true,
      partitionId: 'p',
    })
    gate.close()
    env.closeInputGate('g')
    await new Promise(setImmediate)
    t.equal(env.poolUsage().usedSegments, 0)
    t.equal(env.poolUsage().heapSegments, 0)
    await env.close()
  },
)

t.test('releasePartitions lets a finished partition be read to its end', async (t) => {
  const { env, writer, reader, seen, handler } = await pair()
  writer.emit(testRecord(0, 0, 4))
  writer.broadcastEvent({ type: 'END_OF_PARTITION' })
  env.releasePartitions(['p'])
  t.equal(reader.poll(handler, 10), 'END_OF_INPUT')
  t.same(seen, ['0@NaN', 'END_OF_PARTITION'])
  t.equal(env.poolUsage().usedSegments, 0)
  await env.close()
})

t.test('a producer whose consumer is gone writes on into nowhere', async (t) => {
  const { env, turns, writer, output, gate } = await pair()
  for (let i = 0; i < 30; i++) writer.emit(testRecord(0, i, 400))
  gate.close()
  env.closeInputGate('g')
  turns.run()
  for (let i = 0; i < 1000; i++) writer.emit(testRecord(0, i, 400))
  t.ok(output.isAvailable())
  t.ok(env.poolUsage().usedSegments <= 16)
  writer.broadcastEvent({ type: 'END_OF_PARTITION' })
  output.close()
  env.releasePartitions(['p'])
  await new Promise(setImmediate)
  t.equal(env.poolUsage().usedSegments, 0)
  t.equal(env.poolUsage().heapSegments, 0)
  await env.close()
})

t.test(
  'a local channel whose producer never comes fails after the partition request timeout',
  async (t) => {
    const { env, turns, clock } = await inlineEnvironment()
    const gate = InputGate.attach(
      env.createInputGate({
        gateId: 'g',
        consumedSubpartitions: { first: 0, last: 0 },
        producers: [{ partitionId: 'missing', location: env.location }],
      }),
      env.context,
    )
    const consumer = new RecordReader(gate, testSerializer)
    const handler = { onRecord() {}, onWatermark() {}, onWatermarkStatus() {}, onEvent() {} }
    clock.advance(9_999)
    t.equal(consumer.poll(handler, 1), 'NOTHING_AVAILABLE')
    let woken = false
    gate.onAvailable(() => {
      woken = true
    })
    clock.advance(1)
    turns.run()
    t.ok(woken)
    t.throws(() => consumer.poll(handler, 1), { code: 'FLINK_PARTITION_NOT_FOUND' })
    await env.close()
    t.equal(clock.pendingTimers, 0)
  },
)

t.test(
  'ShuffleEnvironment refuses a partition whose least number of buffers is not there',
  async (t) => {
    const { env } = await inlineEnvironment({ segments: 10 })
    const create = (partitionId: string, numberOfSubpartitions: number) =>
      env.createResultPartition({ partitionId, numberOfSubpartitions, partitioner: 'HASH' })
    create('a', 4)
    t.throws(() => create('b', 5), InsufficientNetworkBuffersError)
    t.throws(() => create('b', 5), {
      code: 'FLINK_INSUFFICIENT_NETWORK_BUFFERS',
      required: 6,
      available: 5,
    })
    create('b', 4)
    env.releasePartitions(['a'])
    create('c', 4)
    await env.close()
  },
)
