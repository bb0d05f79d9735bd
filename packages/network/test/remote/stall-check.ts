/*
 * `npm run test:stall [-- SECONDS]` (default 600): a consumer that stops reading, beside one that goes on over the same
 * connection at a steady rate. Fails if memory grows, buffers are more than the channels may have, or the neighbour slows down.
 */
import { Worker } from 'node:worker_threads'
import { noopLogger, SystemClock } from '@flink-ts/core'
import { InputGate, RecordReader, ShuffleEnvironment, threadedNetworkIo } from '@flink-ts/network'
import { testSerializer } from '../exchange/test-serializer.js'

const seconds = Number(process.argv[2] ?? 600)
const clock = new SystemClock()
/** Of a TaskManager: two channels of ten buffers, and five of overdraft for each. */
const MOST_BUFFERS = 2 * (10 + 5)
// Some 25 MB a second: fast enough to notice if it waits, slow enough to run beside other work.
const NEIGHBOUR_PAUSE_MS = 4
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
  const pause = index === 1 ? { pauseMs: NEIGHBOUR_PAUSE_MS } : {}
  const context = a.context.handle()
  const workerData = { role: 'producer', context, ...work, count: 1e12, ...pause }
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
const stalledAt = counts[0]!
const rss: number[] = []
const rates: number[] = []
let mostBuffers = 0
for (let passed = 0; passed < seconds; passed += 5) {
  rates.push(await rate(5000))
  rss.push(process.memoryUsage().rss)
  for (const env of [a, b]) mostBuffers = Math.max(mostBuffers, env.poolUsage().usedSegments)
}
const { totalSegments } = b.poolUsage()
const [neighbour] = b.gateMetrics('g1')!
isStalled[0] = false
again[0]!()
await sleep(2000)
const goesOn = counts[0]! > stalledAt
const mega = (bytes: number) => Math.round(bytes / 1e6)
rates.sort((x, y) => x - y)
const [slowest, median] = [rates[0]!, rates[rates.length >> 1]!]
const [least, most] = [Math.min(...rss), Math.max(...rss)]
console.log(
  `${seconds} s of stall; neighbour: ${Math.round(together)} records/s before, ${Math.round(median)} in the median of 5 s, ${Math.round(slowest)} in the slowest, ` +
    `${neighbour!.numBuffers} buffers in all; RSS ${mega(least)} to ${mega(most)} MB, ${mega(rss[0]!)} at first, ${mega(rss.at(-1)!)} at last; ` +
    `at most ${mostBuffers} of ${totalSegments} buffers in use; the stalled one ${goesOn ? 'goes' : 'does NOT go'} on`,
)
// Not the slowest: that shows what else runs on the machine.
const isGood =
  goesOn && most - rss[0]! < 30e6 && median > together * 0.7 && mostBuffers <= MOST_BUFFERS
process.exit(isGood ? 0 : 1)
