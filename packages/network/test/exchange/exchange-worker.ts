/* A producer or consumer task in a thread of its own, for the tests with real threads. */
import { parentPort, workerData } from 'node:worker_threads'
import { SeededRandom, SystemClock } from '@flink-ts/core'
import {
  blockingBufferWait,
  type InputGateHandle,
  NetworkContext,
  type NetworkContextHandle,
  type ResultPartitionHandle,
} from '@flink-ts/network'
import { TestConsumer, TestProducer } from './inline-exchange.js'
import { selectors } from './test-selectors.js'
import { type TestRecord, testRecord } from './test-serializer.js'

export interface ProducerWork {
  readonly role: 'producer'
  readonly context: NetworkContextHandle
  readonly partition: ResultPartitionHandle
  readonly sender: number
  /** Number of subpartitions. */
  readonly partitions: number
  readonly selector: string
  /** Sizes of the records, used in turn. */
  readonly sizes: readonly number[]
  readonly count: number
  /** Milliseconds between two batches of 100 records. Absent: none. */
  readonly pauseMs?: number
}

export interface ConsumerWork {
  readonly role: 'consumer'
  readonly context: NetworkContextHandle
  readonly gate: InputGateHandle
  /** Milliseconds of each 100 records. */
  readonly slowMs: number
}

export interface ConsumerReport {
  readonly count: number
  readonly error: string | undefined
  readonly code: string | undefined
}

const work = workerData as ProducerWork | ConsumerWork
const context = NetworkContext.attach(work.context)
const defer = (action: () => void) => void setImmediate(action)
// Nothing of the exchange keeps a thread alive: a task's control port does.
parentPort!.on('message', () => {})

function* records({ sender, count, sizes }: ProducerWork): Iterable<TestRecord> {
  for (let i = 0; i < count; i++) yield testRecord(sender, i, sizes[i % sizes.length]!)
}

if (work.role === 'producer') {
  const { pauseMs } = work
  const producer = new TestProducer(work.partition, context, {
    records: records(work),
    selector: selectors[work.selector]!(work.partitions, new SeededRandom(work.sender)),
    defer: pauseMs === undefined ? defer : (action) => void setTimeout(action, pauseMs),
    waitStrategy: blockingBufferWait(() => false),
    onDone: () => parentPort!.postMessage('done'),
  })
  void producer
} else {
  const { slowMs } = work
  const sleep = new Int32Array(new SharedArrayBuffer(4))
  const report = (consumer: TestConsumer) => {
    const error = consumer.error as (Error & { code?: string }) | undefined
    const message: ConsumerReport = {
      count: consumer.count,
      error: error?.message,
      code: error?.code,
    }
    parentPort!.postMessage(message)
  }
  const consumer: TestConsumer = new TestConsumer(work.gate, context, {
    defer: (action) =>
      defer(() => {
        if (slowMs > 0) Atomics.wait(sleep, 0, 0, slowMs)
        action()
      }),
    batch: 100,
    clock: new SystemClock(),
    onEnd: () => report(consumer),
  })
}
