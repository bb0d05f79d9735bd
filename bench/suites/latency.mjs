import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { noopLogger, SystemClock } from '@flink-ts/core'
import { ShuffleEnvironment } from '@flink-ts/network'

const RATE = 50_000
const SECONDS = 4
const TIMEOUTS_MS = [0, 5, 100]

/** Time from `emit` to the consumer's handler, thread to thread, at 50 000 records a second, by buffer timeout. */
export async function run({ report }) {
  const env = await ShuffleEnvironment.start({
    resourceId: 'tm',
    host: '127.0.0.1',
    numberOfSegments: 256,
    clock: new SystemClock(),
    log: noopLogger,
  })
  for (const timeoutMs of TIMEOUTS_MS) {
    const partitionId = `timeout-${timeoutMs}`
    const partition = env.createResultPartition({
      partitionId,
      numberOfSubpartitions: 1,
      partitioner: 'FORWARD',
    })
    const gate = env.createInputGate({
      gateId: partitionId,
      consumedSubpartitions: { first: 0, last: 0 },
      producers: [{ partitionId, location: env.location }],
    })
    const context = env.context.handle()
    const spawn = (data) =>
      new Worker(new URL('../exchange/latency-worker.mjs', import.meta.url), {
        workerData: { ...data, context, rate: RATE, seconds: SECONDS, timeoutMs },
      })
    const consumer = spawn({ role: 'consumer', handle: gate })
    const producer = spawn({ role: 'producer', handle: partition })
    const [{ p50, p99 }] = await once(consumer, 'message')
    const name = `buffer timeout ${timeoutMs} ms`
    report({ case: name, metric: 'p50', unit: 'ms', value: p50 })
    report({ case: name, metric: 'p99', unit: 'ms', value: p99 })
    await Promise.all([consumer.terminate(), producer.terminate()])
    env.closeInputGate(partitionId)
    env.releasePartitions([partitionId])
  }
  await env.close()
}
