import { DynamicSerializer, SeededRandom } from '@flink-ts/core'
import {
  type ChannelCapture,
  type ChannelEvent,
  type CopiedSlot,
  firstChannelSelector,
  InputGate,
  mergeInFlight,
  RecordReader,
  RecordWriter,
  ResultPartition,
  storedInputGate,
} from '@flink-ts/network'
import t from 'tap'
import { startTwo, unalignedBarrier } from './inline-exchange.js'

const PRODUCERS = 2

interface Item {
  readonly producer: number
  readonly sequence: number
  readonly text: string
}

/** Two producers, one consumer; the second producer is in another process than the first, if told. */
async function exchange(isRemote: boolean) {
  const { turns, a, b } = await startTwo(isRemote)
  const serializer = new DynamicSerializer()
  const writers = Array.from({ length: PRODUCERS }, (_, i) => {
    const partition = a.createResultPartition({
      partitionId: `p${i}`,
      numberOfSubpartitions: 1,
      partitioner: 'HASH',
    })
    return new RecordWriter<Item>(
      ResultPartition.attach(partition, a.context, { sendsWhole: true }),
      {
        serializer,
        selector: firstChannelSelector(),
        decodableAlone: true,
      },
    )
  })
  const handle = b.createInputGate({
    gateId: 'g',
    consumedSubpartitions: { first: 0, last: 0 },
    producers: writers.map((_, i) => ({ partitionId: `p${i}`, location: a.location })),
  })
  const gate = InputGate.attach(handle, b.context)
  const reader = new RecordReader<Item>(gate, serializer)
  const close = async () => {
    for (const writer of writers) writer.partition.close()
    gate.close()
    await b.close()
    if (isRemote) await a.close()
  }
  return { turns, writers, reader, serializer, close }
}

for (const isRemote of [false, true]) {
  const where = isRemote ? 'over a connection' : 'in one process'
  t.test(
    `what a barrier overtakes is stored once, by one end or the other, ${where}`,
    async (t) => {
      let overtook = 0
      for (let seed = 1; seed <= 60; seed++) {
        const random = new SeededRandom(seed)
        const { turns, writers, reader, serializer, close } = await exchange(isRemote)
        const written = writers.map(() => 0)
        const processed = writers.map(() => 0)
        const cut = writers.map(() => -1)
        const produced: (readonly CopiedSlot[])[] = writers.map(() => [])
        let captures: ChannelCapture[] | undefined
        let processedAtCut: number[] = []
        const arrived = new Set<number>()
        const handler = {
          onRecord: ({ producer, sequence }: Item) => {
            if (sequence !== processed[producer]) t.fail(`seed ${seed}: ${producer} ${sequence}`)
            if (arrived.has(producer) && captures === undefined) t.fail('too early')
            processed[producer]!++
          },
          onWatermark() {},
          onWatermarkStatus() {},
          onEvent(event: ChannelEvent, channel: number) {
            if (event.type !== 'CHECKPOINT_BARRIER') return
            if (captures === undefined) {
              captures = writers.map((_, i) => reader.beginCapture(i))
              processedAtCut = [...processed]
            }
            arrived.add(channel)
            captures[channel]!.end(event.overtaken)
          },
        }
        const write = (producer: number) => {
          const size = random.nextInt(20) === 0 ? 2000 : random.nextInt(40)
          const text = `${'x'.repeat(size)}${random.nextInt(3)}`
          writers[producer]!.emit({ producer, sequence: written[producer]!++, text })
        }
        const steps = 30 + random.nextInt(120)
        for (let step = 0; step < steps * 2; step++) {
          const producer = random.nextInt(PRODUCERS)
          if (writers[producer]!.partition.isAvailable()) write(producer)
          if (random.nextInt(9) === 0) writers[producer]!.emitWatermark(step)
          if (random.nextInt(5) === 0) writers[producer]!.flushAll()
          if (random.nextInt(3) === 0) turns.run()
          if (random.nextInt(4) === 0) reader.poll(handler, 1 + random.nextInt(10))
          if (step >= steps) {
            const next = cut.indexOf(-1)
            if (next >= 0 && random.nextInt(4) === 0) {
              cut[next] = written[next]!
              produced[next] = writers[next]!.overtake(unalignedBarrier(1n))[0]!
            }
          }
        }
        for (const [i, writer] of writers.entries()) {
          if (cut[i] === -1) {
            cut[i] = written[i]!
            produced[i] = writer.overtake(unalignedBarrier(1n))[0]!
          }
          writer.flushAll()
        }
        for (let i = 0; i < 400 && processed.some((count, p) => count < written[p]!); i++) {
          turns.run()
          await new Promise(setImmediate)
          reader.poll(handler, 50)
        }
        t.same(processed, written, `seed ${seed}: all is processed`)
        const stored = captures!.map((capture, channel) => {
          if (!capture.isComplete) t.fail(`seed ${seed}: channel ${channel} is not complete`)
          return mergeInFlight(capture.captured, produced[channel]!)
        })
        const restored = writers.map((): number[] => [])
        const skip = captures!.map((capture) => capture.captured.skip)
        const left = (channel: number) => skip[channel]!-- > 0
        const replay = new RecordReader<Item>(storedInputGate(stored), serializer)
        const status = replay.poll(
          {
            onRecord: ({ producer, sequence }, _timestamp, channel) => {
              if (!left(channel)) restored[producer]!.push(sequence)
            },
            onWatermark: (_timestamp, channel) => void left(channel),
            onWatermarkStatus: (_status, channel) => void left(channel),
            onEvent() {},
          },
          Number.POSITIVE_INFINITY,
        )
        t.equal(status, 'NOTHING_AVAILABLE')
        for (const [producer, sequences] of restored.entries()) {
          const first = processedAtCut[producer]!
          const expected = Array.from({ length: cut[producer]! - first }, (_, i) => first + i)
          if (expected.length > 0) overtook++
          if (`${sequences}` !== `${expected}`) {
            t.same(sequences, expected, `seed ${seed}, producer ${producer}`)
          }
        }
        await close()
      }
      t.ok(overtook > 30, `records were overtaken: ${overtook}`)
    },
  )
}
