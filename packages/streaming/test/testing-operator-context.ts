import { tmpdir } from 'node:os'
import {
  AccumulatorRegistry,
  Configuration,
  FileSystemRegistry,
  noopLogger,
  type OperatorId,
  SeededRandom,
  SystemRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  LocalSpillFiles,
  type OneInputStreamOperator,
  type OperatorContext,
  OperatorManagedMemory,
  OperatorServices,
  type Output,
  type RecordedJob,
  SlotManagedMemory,
} from '@flink-ts/runtime'
import { HeapKeyedStateBackend } from '@flink-ts/state'
import { factoryOf } from './recorded-program.js'

/** Keeps what an operator emits. */
export class CollectingOutput implements Output {
  readonly values: unknown[] = []
  readonly timestamps: number[] = []
  readonly watermarks: number[] = []
  readonly statuses: string[] = []

  collect(value: unknown, timestamp: number): void {
    this.values.push(value)
    this.timestamps.push(timestamp)
  }

  emitWatermark(timestampMs: number): void {
    this.watermarks.push(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.statuses.push(status)
  }
}

/** An operator's share of a slot that it has for itself. */
export function managedMemory(shareBytes: number): OperatorManagedMemory {
  const { counters } = new SlotManagedMemory().register('slot', shareBytes)
  return new OperatorManagedMemory({ operatorName: 'Under test', shareBytes, counters })
}

/** The world of an operator under test. */
export function operatorContext(
  output: Output,
  overrides: Partial<OperatorContext> = {},
): OperatorContext {
  const backend = new HeapKeyedStateBackend({
    maxParallelism: 128,
    keyGroupRange: { start: 0, end: 127 },
  })
  const clock = overrides.clock ?? new ManualClock()
  const mailbox = overrides.mailbox ?? { execute() {} }
  const services = new OperatorServices({
    ...{ clock, mailbox, output },
    createKeyedState: () => backend,
    createOperatorState: () => {
      throw new Error('no operator state here')
    },
  })
  return {
    jobId: 'job',
    jobName: 'test',
    taskName: 'task (1/1)',
    operatorId: '0'.repeat(32) as OperatorId,
    operatorName: 'Under test',
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: 128,
    attemptNumber: 0,
    jobType: 'STREAMING',
    configuration: new Configuration(),
    output,
    clock,
    random: new SeededRandom(1),
    fileSystems: new FileSystemRegistry([]),
    sockets: {
      connect() {
        throw new Error('no sockets here')
      },
    },
    stdout: { writeLine() {}, flush() {} },
    // Operators of this package count nothing themselves.
    metrics: undefined as never,
    accumulators: new AccumulatorRegistry(),
    log: noopLogger,
    mailbox,
    processingTime: services.processingTime,
    timerService: (name, target) => services.timerService(name, target),
    managedMemory: managedMemory(16 * 2 ** 20),
    spillFiles: new LocalSpillFiles([tmpdir()], new SystemRandom()),
    sendEventToCoordinator() {},
    keyedState: () => backend,
    ...overrides,
  }
}

/** Opens the operator of this name, hands it elements, finishes and closes it; answers what it emitted. */
export async function run(
  job: RecordedJob,
  operatorName: string,
  elements: readonly unknown[],
  overrides: Partial<OperatorContext> = {},
): Promise<CollectingOutput> {
  const output = new CollectingOutput()
  const operator = create(job, operatorName, output, overrides)
  await operator.open()
  try {
    for (const element of elements) operator.processElement(element, Number.NaN)
    await operator.finish()
  } finally {
    await operator.close()
  }
  return output
}

/** The operator of this name, not create yet. */
export function create(
  job: RecordedJob,
  operatorName: string,
  output: Output,
  overrides: Partial<OperatorContext> = {},
): OneInputStreamOperator {
  const factory = factoryOf(job, operatorName)
  return factory.createOperator(
    operatorContext(output, { operatorName, ...overrides }),
  ) as OneInputStreamOperator
}
