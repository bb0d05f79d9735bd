import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { type LogFields, type Logger, noopLogger, SystemClock } from '@flink-ts/core'
import {
  InputGate,
  type PartitionerType,
  RecordReader,
  ShuffleEnvironment,
  threadedNetworkIo,
} from '@flink-ts/network'
import t from 'tap'
import type { ConsumerReport, ConsumerWork, ProducerWork } from '../exchange/exchange-worker.js'
import { TestConsumer } from '../exchange/inline-exchange.js'
import { testSerializer } from '../exchange/test-serializer.js'

// Dozens of threads, each with a start of its own: slow where others use the processors too.
t.setTimeout(300_000)

const clock = new SystemClock()

function recordingLogger() {
  const lines: { message: string; fields: LogFields | undefined }[] = []
  const log: Logger = {
    ...noopLogger,
    warn: (message, fields) => void lines.push({ message, fields }),
    child: () => log,
  }
  return { log, lines }
}

function start(
  resourceId: string,
  options: { segmentBytes?: number; numberOfSegments?: number; log?: Logger } = {},
) {
  return ShuffleEnvironment.start({
    resourceId,
    host: '127.0.0.1',
    numberOfSegments: options.numberOfSegments ?? 256,
    segmentBytes: options.segmentBytes ?? 32 * 1024,
    clock,
    log: options.log ?? noopLogger,
    io: threadedNetworkIo({
      bindHost: '127.0.0.1',
      port: 0,
      onFatalError: (error) => {
        throw error
      },
    }),
  })
}

function run(work: ProducerWork | ConsumerWork): Worker {
  return new Worker(new URL('../exchange/exchange-worker.js', import.meta.url), {
    workerData: work,
  })
}

interface Plan {
  readonly producers: number
  readonly consumers: number
  readonly selector: string
  readonly sizes: readonly number[]
  readonly count: number
  readonly slowMs?: number
  readonly segmentBytes?: number
  readonly taskManagers: number
}

/** Every task in a thread of its own, spread over the TaskManagers. */
async function exchange(plan: Plan) {
  const envs = await Promise.all(
    Array.from({ length: plan.taskManagers }, (_, i) => start(`tm-${i}`, plan)),
  )
  const at = (i: number) => envs[i % envs.length]!
  const workers: Worker[] = []
  const reports: Promise<ConsumerReport>[] = []
  for (let c = 0; c < plan.consumers; c++) {
    const env = at(c)
    const gate = env.createInputGate({
      gateId: `g${c}`,
      consumedSubpartitions: { first: c, last: c },
      producers: Array.from({ length: plan.producers }, (_, p) => ({
        partitionId: `p${p}`,
        location: at(p + 1).location,
      })),
    })
    const context = env.context.handle()
    const worker = run({ role: 'consumer', context, gate, slowMs: plan.slowMs ?? 0 })
    workers.push(worker)
    reports.push(once(worker, 'message').then(([report]) => report as ConsumerReport))
  }
  for (let p = 0; p < plan.producers; p++) {
    const env = at(p + 1)
    const partition = env.createResultPartition({
      partitionId: `p${p}`,
      numberOfSubpartitions: plan.consumers,
      partitioner: plan.selector as PartitionerType,
    })
    const context = env.context.handle()
    const { selector, sizes, count } = plan
    const partitions = plan.consumers
    workers.push(
      run({ role: 'producer', context, partition, partitions, sender: p, selector, sizes, count }),
    )
  }
  const close = async () => {
    await Promise.all(workers.map((worker) => worker.terminate()))
    for (let c = 0; c < plan.consumers; c++) at(c).closeInputGate(`g${c}`)
    for (let p = 0; p < plan.producers; p++) at(p + 1).releasePartitions([`p${p}`])
    // The network threads answer on their own time.
    while (envs.some((env) => env.poolUsage().usedSegments > 0)) {
      await new Promise((resolve) => clock.schedule(1, () => resolve(undefined)))
    }
    await Promise.all(envs.map((env) => env.close()))
  }
  return { envs, workers, reports, close }
}

const plans: Plan[] = [
  { taskManagers: 1, producers: 1, consumers: 1, selector: 'FORWARD', sizes: [8], count: 200_000 },
  {
    taskManagers: 1,
    producers: 2,
    consumers: 3,
    selector: 'HASH',
    sizes: [0, 100, 4000, 300_000],
    count: 800,
    segmentBytes: 1024,
  },
  {
    taskManagers: 1,
    producers: 2,
    consumers: 1,
    selector: 'REBALANCE',
    sizes: [700],
    count: 2000,
    slowMs: 2,
    segmentBytes: 4096,
  },
  {
    taskManagers: 2,
    producers: 2,
    consumers: 2,
    selector: 'REBALANCE',
    sizes: [0, 40, 32_768, 5_000_000],
    count: 40,
  },
  {
    taskManagers: 2,
    producers: 1,
    consumers: 1,
    selector: 'FORWARD',
    sizes: [20],
    count: 200_000,
    segmentBytes: 65536,
  },
  {
    taskManagers: 3,
    producers: 4,
    consumers: 3,
    selector: 'BROADCAST',
    sizes: [3, 600],
    count: 1000,
    slowMs: 1,
    segmentBytes: 512,
  },
]

for (const plan of plans) {
  const { taskManagers, producers, consumers, selector } = plan
  const name = `${producers}x${consumers} ${selector} over ${taskManagers} TaskManager(s)`
  t.test(`threads exchange everything once and in order: ${name}`, async (t) => {
    const { reports, close } = await exchange(plan)
    const results = await Promise.all(reports)
    t.same(
      results.map(({ error }) => error),
      results.map(() => undefined),
    )
    const got = results.reduce((sum, { count }) => sum + count, 0)
    t.equal(got, plan.count * producers * (selector === 'BROADCAST' ? consumers : 1))
    await close()
  })
}

const endless = { selector: 'REBALANCE', sizes: [500], count: 1e9 }

t.test('terminated threads leave no buffer behind', async (t) => {
  const { envs, workers, close } = await exchange({
    ...endless,
    taskManagers: 2,
    producers: 2,
    consumers: 2,
  })
  while (envs.some((env) => env.poolUsage().usedSegments < 4)) {
    await new Promise((resolve) => clock.schedule(1, () => resolve(undefined)))
  }
  await workers[0]!.terminate()
  await workers[2]!.terminate()
  await close()
  for (const env of envs) t.equal(env.poolUsage().usedSegments, 0)
})

t.test('a TaskManager that closes in mid-stream fails its consumers within a second', async (t) => {
  const a = await start('tm-a')
  const b = await start('tm-b')
  const partition = a.createResultPartition({
    partitionId: 'p',
    numberOfSubpartitions: 1,
    partitioner: 'FORWARD',
  })
  const worker = run({
    role: 'producer',
    context: a.context.handle(),
    partition,
    sender: 0,
    partitions: 1,
    ...endless,
  })
  const gate = b.createInputGate({
    gateId: 'g',
    consumedSubpartitions: { first: 0, last: 0 },
    producers: [{ partitionId: 'p', location: a.location }],
  })
  // In turns of this thread: a machine that is busy with others is no failure.
  let turnsSinceClose = 0
  let counting: NodeJS.Timeout | undefined
  const failed = new Promise<TestConsumer>((resolve) => {
    const consumer: TestConsumer = new TestConsumer(gate, b.context, {
      defer: (action) =>
        void setImmediate(() => {
          action()
          if (counting !== undefined || consumer.count === 0) return
          counting = setInterval(() => void turnsSinceClose++, 10)
          void a.close()
        }),
      onEnd: () => resolve(consumer),
    })
  })
  const { error, count } = await failed
  clearInterval(counting)

  t.match(error, { partitionId: 'p', retriable: true })
  t.ok(count > 0)
  t.ok(turnsSinceClose < 100, `${turnsSinceClose} turns of 10 ms`)
  await worker.terminate()
  await a.close()
  await b.close()
})

async function closedByPeer(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

function hello(id = 'tm-evil'): Buffer {
  const bytes = Buffer.alloc(15 + id.length)
  bytes.writeUInt32LE(11 + id.length, 0)
  bytes.writeUInt32LE(0xf117da7a, 5)
  bytes.writeUInt16LE(1, 9)
  bytes.writeUInt32LE(32768, 11)
  bytes.write(id, 15)
  return bytes
}

function frame(type: number, body: Buffer, length = body.length + 1): Buffer {
  const bytes = Buffer.alloc(5)
  bytes.writeUInt32LE(length >>> 0, 0)
  bytes[4] = type
  return Buffer.concat([bytes, body])
}

t.test(
  'garbage on the data port closes that connection with one line and hurts nothing else',
  async (t) => {
    const { log, lines } = recordingLogger()
    const a = await start('tm-a', { log })
    const b = await start('tm-b')
    const wrongVersion = hello()
    wrongVersion.writeUInt16LE(9, 9)
    const request = Buffer.concat([Buffer.alloc(12), Buffer.from('p')])
    const attacks: Record<string, Buffer> = {
      'random bytes': Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
      zeros: Buffer.alloc(100_000),
      'all ones': Buffer.alloc(100, 0xff),
      'wrong version': wrongVersion,
      'no hello first': frame(3, Buffer.alloc(8)),
      'hello twice': Buffer.concat([hello(), hello()]),
      'absurd length': Buffer.concat([hello(), frame(1, Buffer.alloc(20), 0xffffffff)]),
      'unknown type': Buffer.concat([hello(), frame(77, Buffer.alloc(4))]),
      'short body': Buffer.concat([hello(), frame(3, Buffer.alloc(3))]),
      'a Buffer from a consumer': Buffer.concat([hello(), frame(2, Buffer.alloc(40))]),
      'one channel twice': Buffer.concat([hello(), frame(1, request), frame(1, request)]),
      'credit for a wrong channel': Buffer.concat([hello(), frame(3, Buffer.alloc(8))]),
      'an end of a wrong channel': Buffer.concat([
        hello(),
        frame(1, request),
        frame(4, Buffer.alloc(4, 9)),
      ]),
      'a size for a wrong channel': Buffer.concat([hello(), frame(7, Buffer.alloc(8, 0xff))]),
    }
    const partition = a.createResultPartition({
      partitionId: 'p0',
      numberOfSubpartitions: 1,
      partitioner: 'FORWARD',
    })
    const gate = b.createInputGate({
      gateId: 'g',
      consumedSubpartitions: { first: 0, last: 0 },
      producers: [{ partitionId: 'p0', location: a.location }],
    })
    const consumer = run({ role: 'consumer', context: b.context.handle(), gate, slowMs: 0 })
    const ended = once(consumer, 'message')

    for (const [name, bytes] of Object.entries(attacks)) {
      const socket = connect(a.dataPort, '127.0.0.1')
      socket.write(bytes)
      await closedByPeer(socket)
      t.pass(name)
    }
    const truncated = [
      Buffer.concat([hello(), frame(1, request).subarray(0, 9)]),
      hello().subarray(0, 7),
    ]
    // A channel may have ended while a frame for it was on its way.
    const ended0 = [frame(1, request), frame(4, Buffer.alloc(4))]
    const harmless = [
      Buffer.concat([hello(), ...ended0, frame(3, Buffer.alloc(8)), frame(4, Buffer.alloc(4))]),
      Buffer.concat([hello(), ...ended0, frame(7, Buffer.alloc(8))]),
    ]
    for (const bytes of [...truncated, ...harmless]) {
      const socket = connect(a.dataPort, '127.0.0.1')
      await once(socket, 'connect')
      socket.end(bytes)
      await closedByPeer(socket)
    }
    const producer = run({
      role: 'producer',
      context: a.context.handle(),
      partition,
      sender: 0,
      partitions: 1,
      selector: 'FORWARD',
      sizes: [10],
      count: 1000,
    })
    const [report] = (await ended) as [ConsumerReport]

    t.match(report, { count: 1000, error: undefined })
    const said = (message: string) => lines.filter((line) => line.message === message).length
    t.equal(said('Closing data connection: peer broke the protocol'), Object.keys(attacks).length)
    t.equal(said('Data connection ended within a frame'), truncated.length)
    t.equal(lines.length, Object.keys(attacks).length + truncated.length)
    await Promise.all([producer.terminate(), consumer.terminate()])
    await Promise.all([a.close(), b.close()])
  },
)

t.test('a subpartition is served once', async (t) => {
  const a = await start('tm-a')
  const b = await start('tm-b')
  a.createResultPartition({ partitionId: 'p', numberOfSubpartitions: 1, partitioner: 'FORWARD' })
  const readers = ['g1', 'g2'].map((gateId) => {
    const handle = b.createInputGate({
      gateId,
      consumedSubpartitions: { first: 0, last: 0 },
      producers: [{ partitionId: 'p', location: a.location }],
    })
    const gate = InputGate.attach(handle, b.context)
    return { gate, reader: new RecordReader(gate, testSerializer) }
  })
  const second = readers[1]!
  await new Promise<void>((resolve) => second.gate.onAvailable(resolve))
  const nothing = { onRecord() {}, onWatermark() {}, onWatermarkStatus() {}, onEvent() {} }
  t.throws(() => second.reader.poll(nothing, 1), /read before, and can be read once only/)
  await Promise.all([a.close(), b.close()])
})

t.test('ShuffleEnvironment names the data port that is taken', async (t) => {
  const a = await start('tm-a')
  const taken = ShuffleEnvironment.start({
    resourceId: 'tm-b',
    host: '127.0.0.1',
    numberOfSegments: 8,
    clock,
    log: noopLogger,
    io: threadedNetworkIo({ bindHost: '127.0.0.1', port: a.dataPort, onFatalError() {} }),
  })
  await t.rejects(taken, {
    code: 'FLINK_DATA_PORT',
    message: new RegExp(`127.0.0.1:${a.dataPort}.*taskmanager.data.port`),
  })
  await a.close()
})
