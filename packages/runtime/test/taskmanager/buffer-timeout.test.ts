import { DynamicSerializer, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  firstChannelSelector,
  InputGate,
  RecordReader,
  RecordWriter,
  ResultPartition,
  ShuffleEnvironment,
} from '@flink-ts/network'
import t from 'tap'

t.test('a writer that flushes always shows each record and watermark at once', async (t) => {
  const shuffle = await ShuffleEnvironment.start({
    resourceId: 'tm',
    host: '127.0.0.1',
    numberOfSegments: 64,
    segmentBytes: 4096,
    clock: new ManualClock(),
    log: noopLogger,
    defer: (action) => void setImmediate(action),
  })
  t.teardown(() => shuffle.close())
  for (const flushAlways of [true, false]) {
    const partitionId = `p-${flushAlways}`
    const partition = shuffle.createResultPartition({
      partitionId,
      numberOfSubpartitions: 1,
      partitioner: 'FORWARD',
    })
    const gate = shuffle.createInputGate({
      gateId: partitionId,
      consumedSubpartitions: { first: 0, last: 0 },
      producers: [{ partitionId, location: shuffle.location }],
    })
    const serializer = new DynamicSerializer()
    const writer = new RecordWriter(ResultPartition.attach(partition, shuffle.context), {
      serializer,
      selector: firstChannelSelector(),
      flushAlways,
    })
    const reader = new RecordReader(InputGate.attach(gate, shuffle.context), serializer)
    const read: unknown[] = []
    const poll = () =>
      reader.poll(
        {
          onRecord: (value) => void read.push(value),
          onWatermark: (ms) => void read.push(`wm ${ms}`),
          onWatermarkStatus: (status) => void read.push(status),
          onEvent() {},
        },
        10,
      )
    const seen = [
      () => writer.emit('a'),
      () => writer.emitWatermark(5),
      () => writer.emit('b'),
    ].map((write) => {
      write()
      poll()
      return read.length
    })
    t.strictSame(seen, flushAlways ? [1, 2, 3] : [0, 0, 0])
    writer.flushAll()
    poll()
    t.strictSame(read, ['a', 'wm 5', 'b'])
    writer.partition.close()
    reader.gate.close()
    shuffle.closeInputGate(partitionId)
    shuffle.releasePartitions([partitionId])
  }
})
