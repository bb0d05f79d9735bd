import { DynamicSerializer, noopLogger, type ValueSerializer } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  broadcastSelector,
  InputGate,
  RecordReader,
  RecordWriter,
  ResultPartition,
  ShuffleEnvironment,
} from '@flink-ts/network'
import t from 'tap'

const CONSUMERS = 3

/** Counts what its encoders write. */
class CountingSerializer implements ValueSerializer {
  encoded = 0
  readonly #inner = new DynamicSerializer()

  createEncoder() {
    const encoder = this.#inner.createEncoder()
    return {
      tryEncode: (...args: Parameters<typeof encoder.tryEncode>) => {
        const fits = encoder.tryEncode(...args)
        if (fits) this.encoded++
        return fits
      },
      reset: () => encoder.reset(),
    }
  }

  createDecoder() {
    return this.#inner.createDecoder()
  }
}

t.test('what is broadcast is serialized once and lies in one buffer for all', async (t) => {
  const env = await ShuffleEnvironment.start({
    resourceId: 'tm',
    host: '127.0.0.1',
    numberOfSegments: 64,
    segmentBytes: 4096,
    clock: new ManualClock(),
    log: noopLogger,
    defer: (action) => void setImmediate(action),
  })
  t.teardown(() => env.close())
  const serializer = new CountingSerializer()
  const partition = env.createResultPartition({
    partitionId: 'p',
    numberOfSubpartitions: CONSUMERS,
    partitioner: 'BROADCAST',
  })
  const output = ResultPartition.attach(partition, env.context)
  const writer = new RecordWriter(output, { serializer, selector: broadcastSelector() })
  const readers = Array.from({ length: CONSUMERS }, (_, i) => {
    const gate = env.createInputGate({
      gateId: `g${i}`,
      consumedSubpartitions: { first: i, last: i },
      producers: [{ partitionId: 'p', location: env.location }],
    })
    return new RecordReader(InputGate.attach(gate, env.context), serializer)
  })
  const records = Array.from({ length: 50 }, (_, i) => ({ word: `word ${i % 7}`, i }))
  for (const record of records) writer.emit(record)
  writer.flushAll()

  t.equal(serializer.encoded, records.length)
  t.equal(env.poolUsage().usedSegments, 1)
  for (const reader of readers) {
    const read: unknown[] = []
    const handler = {
      onRecord: (value: unknown) => void read.push(value),
      onWatermark() {},
      onWatermarkStatus() {},
      onEvent() {},
    }
    reader.poll(handler, 1000)
    t.same(read, records)
  }
})
