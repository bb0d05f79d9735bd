import { once } from 'node:events'
import { createServer } from 'node:net'
import { Worker } from 'node:worker_threads'
import { noopLogger, SystemClock } from '@flink-ts/core'
import { ShuffleEnvironment, threadedNetworkIo } from '@flink-ts/network'

const ROUNDS = 3
const cases = {
  number: 6_000_000,
  'word and count': 4_000_000,
  kilobyte: 600_000,
  'filled buffer': 100_000,
}
const IN_BYTES = new Set(['kilobyte', 'filled buffer'])

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

function start(resourceId) {
  return ShuffleEnvironment.start({
    resourceId,
    host: '127.0.0.1',
    numberOfSegments: 2048,
    clock: new SystemClock(),
    log: noopLogger,
    io: threadedNetworkIo({
      bindHost: '127.0.0.1',
      port: 0,
      onFatalError(error) {
        throw error
      },
    }),
  })
}

function spawn(workerData) {
  return new Worker(new URL('../exchange/task-worker.mjs', import.meta.url), { workerData })
}

/** One producer thread, one consumer thread, one channel; records and bytes per second. */
async function exchange(producerEnv, consumerEnv, { kind, count, round }) {
  const partitionId = `${kind}-${round}`
  const partition = producerEnv.createResultPartition({
    partitionId,
    numberOfSubpartitions: 1,
    partitioner: 'FORWARD',
  })
  const gate = consumerEnv.createInputGate({
    gateId: partitionId,
    consumedSubpartitions: { first: 0, last: 0 },
    producers: [{ partitionId, location: producerEnv.location }],
  })
  const work = { kind, count }
  const consumer = spawn({
    ...work,
    role: 'consumer',
    context: consumerEnv.context.handle(),
    handle: gate,
  })
  const producer = spawn({
    ...work,
    role: 'producer',
    context: producerEnv.context.handle(),
    handle: partition,
  })
  const [{ received, seconds }] = await once(consumer, 'message')
  if (received !== count) throw new Error(`${received} of ${count} records came`)
  const [{ numBytes }] = consumerEnv.gateMetrics(partitionId)
  await Promise.all([producer.terminate(), consumer.terminate()])
  consumerEnv.closeInputGate(partitionId)
  producerEnv.releasePartitions([partitionId])
  return { records: count / seconds, bytes: numBytes / seconds }
}

/** What a bare socket between two threads' worth of event loop moves with writes of 32 KiB; bytes per second. */
async function rawTcp(totalBytes) {
  const code = `
    const { connect } = require('node:net')
    const { workerData } = require('node:worker_threads')
    const chunk = Buffer.alloc(32 * 1024, 7)
    const socket = connect({ port: workerData.port, host: '127.0.0.1', noDelay: true })
    let left = workerData.totalBytes
    const send = () => {
      while (left > 0) {
        left -= chunk.length
        if (!socket.write(chunk)) return
      }
      socket.end()
    }
    socket.on('connect', send).on('drain', send)`
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sender = new Worker(code, {
    eval: true,
    workerData: { port: server.address().port, totalBytes },
  })
  const [socket] = await once(server, 'connection')
  const begin = process.hrtime.bigint()
  let bytes = 0
  socket.on('data', (chunk) => {
    bytes += chunk.length
  })
  await once(socket, 'close')
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  server.close()
  await sender.terminate()
  return bytes / seconds
}

/** What postMessage moves in transferred ArrayBuffers of 32 KiB, ten at a time on their way; bytes per second. */
async function rawPostMessage(count) {
  const code = `
    const { parentPort } = require('node:worker_threads')
    parentPort.on('message', (buffer) => parentPort.postMessage(buffer, [buffer]))`
  const worker = new Worker(code, { eval: true })
  const begin = process.hrtime.bigint()
  await new Promise((resolve) => {
    let left = count
    worker.on('message', (buffer) => {
      if (--left === 0) resolve()
      else if (left >= 10) worker.postMessage(buffer, [buffer])
    })
    for (let i = 0; i < 10; i++) {
      const buffer = new ArrayBuffer(32 * 1024)
      worker.postMessage(buffer, [buffer])
    }
  })
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  await worker.terminate()
  return (count * 32 * 1024) / seconds
}

/** Records and bytes through one channel: between threads of a process, and over TCP. */
export async function run({ report }) {
  const a = await start('tm-a')
  const b = await start('tm-b')
  for (const [place, to] of [
    ['same process', a],
    ['TCP', b],
  ]) {
    for (const [kind, count] of Object.entries(cases)) {
      const rates = []
      for (let round = 0; round < ROUNDS; round++) {
        rates.push(await exchange(a, to, { kind, count, round: `${place}-${round}` }))
      }
      const value = median(rates.map(({ records }) => records))
      report({
        case: `${place}, ${kind}`,
        metric: 'rate',
        unit: 'million records/s',
        value: value / 1e6,
      })
      if (IN_BYTES.has(kind)) {
        report({
          case: `${place}, ${kind}`,
          metric: 'throughput',
          unit: 'GB/s',
          value: median(rates.map(({ bytes }) => bytes)) / 1e9,
        })
      }
    }
  }
  await Promise.all([a.close(), b.close()])
  report({
    case: 'bare postMessage, 32 KiB there and back',
    metric: 'throughput',
    unit: 'GB/s',
    value: (await rawPostMessage(100_000)) / 1e9,
  })
  const raw = []
  for (let round = 0; round < ROUNDS; round++) raw.push(await rawTcp(600_000 * 1024))
  report({
    case: 'bare socket, writes of 32 KiB',
    metric: 'throughput',
    unit: 'GB/s',
    value: median(raw) / 1e9,
  })
}
