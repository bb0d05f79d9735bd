import { type Clock, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { BufferWaitStrategy, ChannelEvent, CheckpointBarrier } from '@flink-ts/network'
import {
  InputGate as Gate,
  InProcessDataTransport,
  type InputGate,
  type InputGateHandle,
  inlineNetworkIo,
  type NetworkContext,
  RecordReader,
  RecordWriter,
  type RecordWriterOptions,
  ResultPartition,
  type ResultPartitionHandle,
  ShuffleEnvironment,
  type WritablePartition,
} from '@flink-ts/network'
import { checkRecord, type TestRecord, testSerializer } from './test-serializer.js'

/** A hand-cranked scheduler: what was deferred runs when the test says so. */
export class Turns {
  readonly #queue: (() => void)[] = []
  readonly defer = (action: () => void): void => void this.#queue.push(action)

  /** Runs until nothing is left. */
  run(): void {
    for (let i = 0; i < 1_000_000; i++) if (!this.one()) return
    throw new Error('the exchange does not come to rest')
  }

  /** @returns whether there was something to run */
  one(): boolean {
    const action = this.#queue.shift()
    action?.()
    return action !== undefined
  }

  get pending(): number {
    return this.#queue.length
  }
}

/** Two TaskManagers in one process that reach each other without sockets, or one under two names. They wait for {@link Turns}. */
export async function startTwo(isRemote: boolean) {
  const turns = new Turns()
  const transport = new InProcessDataTransport({ deliver: turns.defer })
  const start = (resourceId: string) =>
    ShuffleEnvironment.start({
      resourceId,
      host: 'sim',
      numberOfSegments: 64,
      segmentBytes: 512,
      clock: new ManualClock(),
      log: noopLogger,
      defer: turns.defer,
      io: inlineNetworkIo({ transport, bindHost: 'sim', port: 0 }),
    })
  const a = await start('tm-a')
  const b = isRemote ? await start('tm-b') : a
  return { turns, a, b }
}

export function unalignedBarrier(checkpointId: bigint): CheckpointBarrier {
  return {
    type: 'CHECKPOINT_BARRIER',
    checkpointId,
    timestampMs: 1,
    snapshotType: 'CHECKPOINT',
    alignment: 'UNALIGNED',
    alignedTimeoutMs: 0,
  }
}

/** A producer as a task would be one: emits a batch when its output is available, then steps aside. */
export class TestProducer {
  readonly partition: WritablePartition
  readonly writer: RecordWriter<TestRecord>
  isDone = false
  readonly #records: Iterator<TestRecord>
  readonly #defer: (action: () => void) => void
  readonly #batch: number
  readonly #onDone: (() => void) | undefined

  constructor(
    handle: ResultPartitionHandle,
    context: NetworkContext,
    options: {
      records: Iterable<TestRecord>
      selector: RecordWriterOptions<TestRecord>['selector']
      defer: (action: () => void) => void
      batch?: number
      decodableAlone?: boolean
      waitStrategy?: BufferWaitStrategy
      onDone?: () => void
    },
  ) {
    const { waitStrategy } = options
    this.#onDone = options.onDone
    this.partition = ResultPartition.attach(handle, context, {
      ...(waitStrategy !== undefined && { waitStrategy }),
    })
    this.writer = new RecordWriter(this.partition, {
      serializer: testSerializer,
      selector: options.selector,
      decodableAlone: options.decodableAlone ?? false,
    })
    this.#records = options.records[Symbol.iterator]()
    this.#defer = options.defer
    this.#batch = options.batch ?? 100
    this.#defer(this.#step)
  }

  readonly #step = (): void => {
    for (let i = 0; i < this.#batch; i++) {
      if (!this.partition.isAvailable()) {
        this.writer.flushAll()
        this.partition.onAvailable(this.#step)
        return
      }
      const next = this.#records.next()
      if (next.done === true) {
        this.writer.broadcastEvent({ type: 'END_OF_DATA', drain: true })
        this.writer.broadcastEvent({ type: 'END_OF_PARTITION' })
        this.isDone = true
        this.#onDone?.()
        return
      }
      this.writer.emit(next.value, next.value.sequence)
    }
    this.#defer(this.#step)
  }
}

/** A consumer that checks order and content and remembers what it got. */
export class TestConsumer {
  readonly gate: InputGate
  readonly sequences = new Map<string, number[]>()
  readonly events: { event: ChannelEvent; channel: number }[] = []
  count = 0
  isDone = false
  error: unknown
  readonly #reader: RecordReader<TestRecord>
  readonly #defer: (action: () => void) => void
  readonly #batch: number
  readonly #onEnd: (() => void) | undefined

  constructor(
    handle: InputGateHandle,
    context: NetworkContext,
    options: {
      defer: (action: () => void) => void
      batch?: number
      onEnd?: () => void
      clock?: Clock
    },
  ) {
    this.#onEnd = options.onEnd
    this.gate = Gate.attach(handle, context, options.clock)
    this.#reader = new RecordReader(this.gate, testSerializer)
    this.#defer = options.defer
    this.#batch = options.batch ?? 50
    this.#defer(this.step)
  }

  readonly step = (): void => {
    let status: string
    try {
      status = this.#reader.poll(this, this.#batch)
    } catch (error) {
      this.error = error
      this.#onEnd?.()
      return
    }
    if (status === 'END_OF_INPUT') {
      this.isDone = true
      this.#onEnd?.()
    } else if (status === 'MORE_AVAILABLE') this.#defer(this.step)
    else this.gate.onAvailable(this.step)
  }

  onRecord(record: TestRecord, timestamp: number, channel: number): void {
    checkRecord(record)
    if (timestamp !== record.sequence) throw new Error(`timestamp ${timestamp}`)
    const key = `${record.sender}@${channel}`
    const seen = this.sequences.get(key) ?? []
    this.sequences.set(key, seen)
    if (seen.length > 0 && seen.at(-1)! >= record.sequence) throw new Error('out of order')
    seen.push(record.sequence)
    this.count++
  }

  onWatermark(): void {}
  onWatermarkStatus(): void {}

  onEvent(event: ChannelEvent, channel: number): void {
    this.events.push({ event, channel })
  }
}
