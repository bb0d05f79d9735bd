import { noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  firstChannelSelector,
  InputGate,
  RecordReader,
  RecordWriter,
  ResultPartition,
  ShuffleEnvironment,
  type ShuffleLimits,
} from '@flink-ts/network'
import { Turns } from './inline-exchange.js'
import { type TestRecord, testSerializer } from './test-serializer.js'

/** What exchanges data in a TaskManager, all in this thread. */
export async function inlineEnvironment(
  options: { segments?: number; segmentBytes?: number; limits?: ShuffleLimits } = {},
) {
  const turns = new Turns()
  const clock = new ManualClock()
  const env = await ShuffleEnvironment.start({
    resourceId: 'tm-1',
    host: 'localhost',
    numberOfSegments: options.segments ?? 256,
    segmentBytes: options.segmentBytes ?? 512,
    clock,
    log: noopLogger,
    defer: turns.defer,
    ...(options.limits !== undefined && { limits: options.limits }),
  })
  return { env, turns, clock }
}

/**
 * A producer in one environment, and its consumer in another or the same.
 *
 * @param clock that debloating measures with. Default: it does not
 */
export function connect(from: ShuffleEnvironment, to: ShuffleEnvironment, clock?: ManualClock) {
  const output = ResultPartition.attach(
    from.createResultPartition({
      partitionId: 'p',
      numberOfSubpartitions: 1,
      partitioner: 'FORWARD',
    }),
    from.context,
  )
  const writer = new RecordWriter<TestRecord>(output, {
    serializer: testSerializer,
    selector: firstChannelSelector(),
  })
  const gate = InputGate.attach(
    to.createInputGate({
      gateId: 'g',
      consumedSubpartitions: { first: 0, last: 0 },
      producers: [{ partitionId: 'p', location: from.location }],
    }),
    to.context,
    clock,
  )
  const reader = new RecordReader<TestRecord>(gate, testSerializer)
  return { output, writer, gate, reader }
}

/** One producer and one consumer of it. */
export async function pair(options: Parameters<typeof inlineEnvironment>[0] = {}) {
  const world = await inlineEnvironment(options)
  const seen: string[] = []
  const handler = {
    onRecord: (r: TestRecord, timestamp: number) => void seen.push(`${r.sequence}@${timestamp}`),
    onWatermark: (ms: number) => void seen.push(`watermark ${ms}`),
    onWatermarkStatus: (status: string) => void seen.push(status),
    onEvent: (event: { type: string }) => void seen.push(event.type),
  }
  return { ...world, ...connect(world.env, world.env), seen, handler }
}
