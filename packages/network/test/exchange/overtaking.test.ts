import { DynamicSerializer, SeededRandom } from '@flink-ts/core'
import {
  type ChannelCapture,
  type ChannelEvent,
  type CopiedSlot,
  firstChannelSelector,
  InputGate,
  mergeInFlight,
  type QueuedBarrier,
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
  return { turns, writers, gate, reader, serializer, close }
}

const ways = [false, true].flatMap((isRemote) =>
  [false, true].map((isLate) => ({ isRemote, isLate })),
)
for (const { isRemote, isLate } of ways) {
  const where = isRemote ? 'over a connection' : 'in one process'
  const when = isLate ? 'after it has waited' : 'at once'
  t.test(
    `what a barrier overtakes ${when} is stored once, by one end or the other, ${where}`,
    async (t) => {
      let overtook = 0
      let wasLate = 0
      let wasAligned = 0
      for (let seed = 1; seed <= 60; seed++) {
        const random = new SeededRandom(seed)
        const { turns, writers, gate, reader, serializer, close } = await exchange(isRemote)
        const written = writers.map(() => 0)
        const processed = writers.map(() => 0)
        const cut = writers.map(() => -1)
        const produced: (readonly CopiedSlot[])[] = writers.map(() => [])
        let captures: ChannelCapture[] | undefined
        let processedAtCut: number[] = []
        const arrived = new Set<number>()
        const waiting: (QueuedBarrier | undefined)[] = writers.map(() => undefined)
        const overtake = (producer: number) => {
          produced[producer] = waiting[producer]!.overtake()[0]!
          waiting[producer] = undefined
        }
        const send = (producer: number) => {
          cut[producer] = written[producer]!
          if (!isLate) produced[producer] = writers[producer]!.overtake(unalignedBarrier(1n))[0]!
          else {
            const barrier = { ...unalignedBarrier(1n), alignment: 'ALIGNED' } as const
            waiting[producer] = writers[producer]!.queueBarrier(barrier)
          }
        }
        const handler = {
          onRecord: ({ producer, sequence }: Item) => {
            if (sequence !== processed[producer]) t.fail(`seed ${seed}: ${producer} ${sequence}`)
            if (arrived.size < PRODUCERS && arrived.has(producer) && captures === undefined) {
              t.fail('too early')
            }
            processed[producer]!++
          },
          onWatermark() {},
          onWatermarkStatus() {},
          onEvent(event: ChannelEvent, channel: number) {
            if (event.type !== 'CHECKPOINT_BARRIER') return
            // Both forms of a barrier may come.
            if (arrived.has(channel)) return
            if (captures === undefined && event.alignment === 'UNALIGNED') {
              captures = writers.map((_, i) => reader.beginCapture(i))
              processedAtCut = [...processed]
              for (const before of arrived) {
                captures[before]!.end(undefined)
                gate.resumeConsumption(before)
                wasLate++
              }
            }
            arrived.add(channel)
            if (captures !== undefined) {
              captures[channel]!.end(event.overtaken)
              return
            }
            gate.blockConsumption(channel)
            if (arrived.size < PRODUCERS) return
            wasAligned++
            t.same(processed, cut, `seed ${seed}: aligned`)
            for (const each of arrived) gate.resumeConsumption(each)
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
          if (random.nextInt(4) === 0) reader.poll(handler, 1 + random.nextInt(isLate ? 50 : 10))
          if (step >= steps) {
            const next = cut.indexOf(-1)
            if (next >= 0 && random.nextInt(isLate ? 20 : 4) === 0) send(next)
            const late = waiting.findIndex((barrier) => barrier !== undefined)
            if (late >= 0 && random.nextInt(60) === 0) overtake(late)
          }
        }
        // One of the channels is behind: its barrier comes too late to be waited for.
        const isBehind = isLate && !arrived.has(1) && random.nextInt(2) === 0
        if (isBehind) gate.blockConsumption(1)
        for (const [i, writer] of writers.entries()) {
          if (cut[i] === -1) send(i)
          for (let n = isLate ? random.nextInt(60) : 0; n > 0; n--) {
            turns.run()
            await new Promise(setImmediate)
            reader.poll(handler, 50)
          }
          const isDue = isBehind ? i === 1 : random.nextInt(2) === 0
          if (waiting[i] !== undefined && isDue) overtake(i)
          writer.flushAll()
        }
        if (isBehind) gate.resumeConsumption(1)
        const isDone = () =>
          arrived.size === PRODUCERS && processed.every((count, p) => count === written[p]!)
        for (let i = 0; i < 400 && !isDone(); i++) {
          turns.run()
          await new Promise(setImmediate)
          reader.poll(handler, 50)
        }
        t.same(processed, written, `seed ${seed}: all is processed`)
        if (captures === undefined) {
          await close()
          continue
        }
        const stored = captures.map((capture, channel) => {
          if (!capture.isComplete) t.fail(`seed ${seed}: channel ${channel} is not complete`)
          return mergeInFlight(capture.captured, produced[channel]!)
        })
        const restored = writers.map((): number[] => [])
        const skip = captures.map((capture) => capture.captured.skip)
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
      t.ok(overtook > 15, `records were overtaken: ${overtook}`)
      t.equal(wasAligned > 0 && wasLate > 0, isLate, `aligned ${wasAligned}, switched ${wasLate}`)
    },
  )
}
