import { Configuration, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  BufferDebloater,
  broadcastSelector,
  InProcessDataTransport,
  InputGate,
  inlineNetworkIo,
  RecordWriter,
  ResultPartition,
  ShuffleEnvironment,
  shuffleSettings,
} from '@flink-ts/network'
import fc from 'fast-check'
import t from 'tap'
import { connect } from '../exchange/environment-pair.js'
import { Turns } from '../exchange/inline-exchange.js'
import { type TestRecord, testRecord, testSerializer } from '../exchange/test-serializer.js'

const debloating = {
  periodMs: 200,
  targetMs: 1000,
  samples: 20,
  thresholdPercentages: 25,
  minBytes: 256,
  startingBytes: 1024,
}
const MAX_BYTES = 32 * 1024

t.test('BufferDebloater comes to the size that is consumed in the target time', async (t) => {
  const debloater = new BufferDebloater(debloating, MAX_BYTES)
  // 10 buffers of 20 000 bytes are consumed in a second.
  for (let i = 0; i < 200; i++) debloater.measured(200_000, 10)
  t.ok(Math.abs(debloater.bufferBytes - 20_000) <= 20_000 * 0.25, `${debloater.bufferBytes}`)
  t.ok(Math.abs(debloater.estimatedTimeToConsumeMs - 1000) <= 250)
  for (let i = 0; i < 200; i++) debloater.measured(1_000_000_000, 10)
  t.equal(debloater.bufferBytes, MAX_BYTES)
  for (let i = 0; i < 200; i++) debloater.measured(0, 10)
  t.equal(debloater.bufferBytes, 256)
})

t.test('BufferDebloater announces no small change, but the ends of its range', async (t) => {
  const debloater = new BufferDebloater({ ...debloating, samples: 1 }, MAX_BYTES)
  t.equal(debloater.measured(12_000, 10), false, '1024 → 1200: 17 %')
  t.equal(debloater.bufferBytes, 1024)
  t.equal(debloater.measured(13_000, 10), true, '1024 → 1300: 27 %')
  t.equal(debloater.bufferBytes, 1300)
  debloater.measured(3000, 10)
  t.equal(debloater.measured(2560, 10), true, '300 → 256: 15 %, the least')
  t.equal(debloater.bufferBytes, 256)
})

t.test('BufferDebloater stays in its range and at most doubles', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: 0, max: 1e10, noNaN: true }), fc.nat(1000)), {
        minLength: 1,
      }),
      fc.integer({ min: 1, max: 30 }),
      (measurements, samples) => {
        const debloater = new BufferDebloater({ ...debloating, samples }, MAX_BYTES)
        for (const [bytesPerSecond, buffers] of measurements) {
          const before = debloater.bufferBytes
          const isChanged = debloater.measured(bytesPerSecond, buffers)
          const { bufferBytes } = debloater
          if (isChanged !== (bufferBytes !== before)) return false
          // The threshold keeps up to a quarter of growth back.
          if (bufferBytes > before * 2 * 1.25 + 1) return false
          if (bufferBytes < 256 || bufferBytes > MAX_BYTES || !Number.isInteger(bufferBytes)) {
            return false
          }
        }
        return true
      },
    ),
  )
})

async function cluster() {
  const turns = new Turns()
  const clock = new ManualClock()
  const transport = new InProcessDataTransport({ deliver: turns.defer })
  const start = (resourceId: string) =>
    ShuffleEnvironment.start({
      resourceId,
      host: 'sim',
      numberOfSegments: 128,
      segmentBytes: MAX_BYTES,
      clock,
      log: noopLogger,
      defer: turns.defer,
      limits: { debloating: { ...debloating, startingBytes: MAX_BYTES, samples: 4 } },
      io: inlineNetworkIo({ transport, bindHost: 'sim', port: 0 }),
    })
  const settle = async () => {
    for (let i = 0; i < 5; i++) {
      turns.run()
      await new Promise(setImmediate)
    }
  }
  return { clock, settle, a: await start('tm-a'), b: await start('tm-b') }
}

for (const place of ['local', 'remote']) {
  t.test(
    `what is on its way to a slow ${place} consumer shrinks to what it consumes in the target time`,
    async (t) => {
      const { a, b, clock, settle } = await cluster()
      const at = place === 'local' ? a : b
      const { output, writer, gate, reader } = connect(a, at, clock)
      let sent = 0
      let received = 0
      const handler = {
        onRecord: (record: TestRecord) => {
          if (record.sequence !== received++) throw new Error('lost or out of order')
        },
        onWatermark() {},
        onWatermarkStatus() {},
        onEvent() {},
      }
      const fill = async () => {
        while (output.isAvailable()) writer.emit(testRecord(0, sent++, 1000))
        await settle()
      }
      const bytesInFlight = async () => {
        await fill()
        const written = a.partitionMetrics('p')![0]!.numBytes
        return written - at.gateMetrics('g')![0]!.numBytes
      }
      for (let i = 0; i < 5; i++) await fill()
      const before = await bytesInFlight()
      t.ok(before > 250_000, `${before}`)
      // 20 records of some 1000 bytes a second.
      for (let i = 0; i < 3000; i++) {
        await fill()
        reader.poll(handler, 1)
        clock.advance(50)
      }
      const after = await bytesInFlight()
      t.ok(after < 60_000, `${after} bytes for 20 kB/s`)
      const metrics = at.debloatingMetrics('g')!
      t.ok(metrics.debloatedBufferSize < 5000, `${metrics.debloatedBufferSize}`)
      t.ok(metrics.estimatedTimeToConsumeBuffersMs < 3000)

      // A fast one, 10 MB a second, gets large buffers again.
      for (let i = 0; i < 5000; i++) {
        await fill()
        reader.poll(handler, 10)
        clock.advance(1)
      }
      t.equal(at.debloatingMetrics('g')!.debloatedBufferSize, MAX_BYTES)
      gate.close()
      t.equal(clock.pendingTimers, 0)
      await Promise.all([a.close(), b.close(), settle()])
    },
  )
}

t.test('a broadcast buffer is as large as its slowest consumer wants', async (t) => {
  const { a, b, clock, settle } = await cluster()
  const partition = ResultPartition.attach(
    a.createResultPartition({
      partitionId: 'p',
      numberOfSubpartitions: 2,
      partitioner: 'BROADCAST',
    }),
    a.context,
  )
  const writer = new RecordWriter<TestRecord>(partition, {
    serializer: testSerializer,
    selector: broadcastSelector(),
  })
  const gates = [0, 1].map((index) =>
    InputGate.attach(
      a.createInputGate({
        gateId: `g${index}`,
        consumedSubpartitions: { first: index, last: index },
        producers: [{ partitionId: 'p', location: a.location }],
      }),
      a.context,
    ),
  )
  gates[0]!.channels[0]!.queue.announceBufferSize(4096)
  gates[1]!.channels[0]!.queue.announceBufferSize(700)
  for (let i = 0; i < 20; i++) writer.emit(testRecord(0, i, 100))
  writer.flushAll()
  const [channel] = a.gateMetrics('g0')!
  t.ok(channel)
  t.equal(gates[0]!.channels[0]!.queue.peek(), true)
  t.ok(gates[0]!.channels[0]!.queue.end <= 700)
  t.equal(a.debloatingMetrics('g0')!.debloatedBufferSize, 0, 'nobody measures without a clock')
  for (const gate of gates) gate.close()
  t.equal(clock.pendingTimers, 0)
  await Promise.all([a.close(), b.close(), settle()])
})

t.test('shuffleSettings debloats when it is told to, by the keys of Flink', async (t) => {
  t.equal(shuffleSettings(new Configuration()).limits.debloating, undefined)
  const key = 'taskmanager.network.memory.buffer-debloat'
  const configuration = Configuration.fromMap({
    [`${key}.enabled`]: 'true',
    [`${key}.period`]: '50 ms',
    [`${key}.samples`]: '7',
    [`${key}.target`]: '2 s',
    [`${key}.threshold-percentages`]: '50',
    'taskmanager.memory.min-segment-size': '512 bytes',
    'taskmanager.memory.starting-segment-size': '2 kb',
  })
  t.same(shuffleSettings(configuration).limits.debloating, {
    periodMs: 50,
    targetMs: 2000,
    samples: 7,
    thresholdPercentages: 50,
    minBytes: 512,
    startingBytes: 2048,
  })
})
