/*
 * `node packages/network/dist-test/remote/stall-check.js [SECONDS]`: a consumer that stops reading, beside one that goes
 * on over the same connection. Fails if memory grows, buffers exceed the pool, or the neighbour slows down.
 */
import { Worker } from 'node:worker_threads'
import { noopLogger, SystemClock } from '@flink-ts/core'
import { InputGate, RecordReader, ShuffleEnvironment, threadedNetworkIo } from '@flink-ts/network'
import { testSerializer } from '../exchange/test-serializer.js'

const seconds = Number(process.argv[2] ?? 600)
const clock = new SystemClock()
const start = (resourceId: string) =>
  ShuffleEnvironment.start({
    resourceId,
    host: '127.0.0.1',
    numberOfSegments: 256,
    clock,
    log: noopLogger,
    io: threadedNetworkIo({
      bindHost: '127.0.0.1',
      port: 0,
      onFatalError: (error) => {
        throw error
      },
    }),
  })
const a = await start('tm-a')
const b = await start('tm-b')
const counts = [0, 0]
const isStalled = [false, false]
const again: (() => void)[] = []
for (const index of [0, 1]) {
  const partitionId = `p${index}`
  const partition = a.createResultPartition({
    partitionId,
    numberOfSubpartitions: 1,
    partitioner: 'FORWARD',
  })
  const handle = b.createInputGate({
    gateId: `g${index}`,
    consumedSubpartitions: { first: 0, last: 0 },
    producers: [{ partitionId, location: a.location }],
  })
  const work = { partition, partitions: 1, sender: index, selector: 'FORWARD', sizes: [1000] }
  const workerData = { role: 'producer', context: a.context.handle(), ...work, count: 1e12 }
  new Worker(new URL('../exchange/exchange-worker.js', import.meta.url), { workerData })
  const gate = InputGate.attach(handle, b.context)
  const reader = new RecordReader(gate, testSerializer)
  const handler = {
    onRecord: () => void counts[index]!++,
    onWatermark() {},
    onWatermarkStatus() {},
    onEvent() {},
  }
  const step = () => {
    if (isStalled[index]) return
    if (reader.poll(handler, 1000) === 'MORE_AVAILABLE') setImmediate(step)
    else gate.onAvailable(step)
  }
  again[index] = step
  step()
}
const sleep = (ms: number) => new Promise((resolve) => clock.schedule(ms, () => resolve(undefined)))
const rate = async (ms: number) => {
  const before = counts[1]!
  await sleep(ms)
  return (counts[1]! - before) / (ms / 1000)
}
await sleep(3000)
const together = await rate(3000)
isStalled[0] = true
await sleep(3000)
const memory = process.memoryUsage().rss
const stalledAt = counts[0]!
let most = 0
let slowest = Number.POSITIVE_INFINITY
for (let passed = 0; passed < seconds; passed += 5) {
  slowest = Math.min(slowest, await rate(5000))
  most = Math.max(most, process.memoryUsage().rss)
}
const { usedSegments, totalSegments } = b.poolUsage()
isStalled[0] = false
again[0]!()
await sleep(2000)
const goesOn = counts[0]! > stalledAt
console.log(
  `neighbour: ${Math.round(together)} records/s before, ${Math.round(slowest)} at the slowest beside the stall; ` +
    `RSS ${Math.round(memory / 1e6)} MB, at most ${Math.round(most / 1e6)} MB; buffers ${usedSegments} of ${totalSegments}; ` +
    `the stalled one ${goesOn ? 'goes' : 'does NOT go'} on`,
)
const isGood =
  goesOn && most - memory < 30e6 && slowest > together * 0.7 && usedSegments <= totalSegments
process.exit(isGood ? 0 : 1)
