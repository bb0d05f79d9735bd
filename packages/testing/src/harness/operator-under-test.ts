import assert from 'node:assert/strict'
import {
  AccumulatorRegistry,
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  keyGroupRangeForOperator,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { MetricRegistry } from '@flink-ts/metrics'
import {
  LocalSpillFiles,
  type OperatorContext,
  type OperatorFactory,
  OperatorManagedMemory,
  OperatorServices,
  type RecordedJob,
  SlotManagedMemory,
  type StreamOperator,
} from '@flink-ts/runtime'
import {
  HeapKeyedStateBackend,
  HeapOperatorStateBackend,
  type KeyedStateBackend,
} from '@flink-ts/state'
import { CollectingOutput } from './collecting-output.js'
import type { OperatorTestState } from './operator-test-state.js'

/** How an operator under test is run. */
export interface OperatorTestHarnessOptions {
  /** Key groups of the operator's state. Default 128. */
  readonly maxParallelism?: number
  /** Subtasks that the operator would have. Default 1. */
  readonly parallelism?: number
  /** The one of them that is run. Default 0. */
  readonly subtaskIndex?: number
  /** What all subtasks had in a checkpoint, of any parallelism, in their order: the operator goes on from it. Default: it begins anew. */
  readonly restore?: readonly OperatorTestState[]
  /** Processing time when it begins, in ms since the epoch. Default 0. */
  readonly startMs?: number
  /** Flink keys of the job, such as `execution.runtime-mode`. */
  readonly configuration?: Readonly<Record<string, string>>
}

/** An operator with the world that it was made in. */
export interface OperatorUnderTest {
  readonly operator: StreamOperator
  readonly services: OperatorServices
  readonly backend: KeyedStateBackend
  readonly output: CollectingOutput
  readonly clock: ManualClock
  readonly mails: (() => void | Promise<void>)[]
  readonly subtask: { subtaskIndex: number; parallelism: number; maxParallelism: number }
}

const MAX_PARALLELISM = 128
/** What the operator may reserve of managed memory: a slot with Flink's default share of 1 GiB. */
const MANAGED_MEMORY_BYTES = 400 * 2 ** 20

/**
 * Makes the one operator of a program that has sources and a sink beside it.
 *
 * @throws AssertionError if that is not exactly one operator of this type
 */
export function operatorUnderTest(
  job: RecordedJob,
  type: OperatorFactory['type'],
  options: OperatorTestHarnessOptions,
): OperatorUnderTest {
  const { maxParallelism = MAX_PARALLELISM, parallelism = 1, subtaskIndex = 0 } = options
  const { name, operatorId, factory } = findOperator(job, type)
  const clock = new ManualClock(options.startMs ?? 0)
  const output = new CollectingOutput()
  const mails: (() => void | Promise<void>)[] = []
  const mailbox = { execute: (action: () => void | Promise<void>) => void mails.push(action) }
  const facts = { operator: { operatorId, operatorName: name, subtaskIndex } }
  const { serializers } = job.code
  const services = new OperatorServices({
    ...{ clock, mailbox, output },
    createKeyedState: () =>
      new HeapKeyedStateBackend({
        maxParallelism,
        keyGroupRange: keyGroupRangeForOperator(maxParallelism, parallelism, subtaskIndex),
        clock,
        ...facts,
        ...(serializers && { serializers }),
      }),
    createOperatorState: () =>
      new HeapOperatorStateBackend({ ...facts, ...(serializers && { serializers }) }),
  })
  const operator = factory.createOperator({
    ...contextFacts(job, Configuration.fromMap(options.configuration ?? {}), clock),
    taskName: `${name} (${subtaskIndex + 1}/${parallelism})`,
    operatorId,
    operatorName: name,
    subtaskIndex,
    parallelism,
    maxParallelism,
    clock,
    random: new SeededRandom(1),
    output,
    mailbox,
    ...(serializers && { serializers }),
    keyedState: () => services.keyedState(),
    processingTime: services.processingTime,
    timerService: (timers, target) => services.timerService(timers, target),
    managedMemory: managedMemoryOf(name),
    spillFiles: LocalSpillFiles.configured(new Configuration(), new SeededRandom(1)),
  })
  const subtask = { subtaskIndex, parallelism, maxParallelism }
  return { operator, services, backend: services.keyedState(), output, clock, mails, subtask }
}

function findOperator({ jobGraph, code }: RecordedJob, type: OperatorFactory['type']) {
  const found = jobGraph.vertices
    .flatMap(({ operators }) => operators)
    .filter(({ kind }) => kind === 'operator')
  const operator = found[0]
  const names = found.map(({ name }) => name).join(', ')
  assert(
    operator !== undefined && found.length === 1,
    `a harness runs exactly one operator; this program has ${found.length}: ${names}`,
  )
  const factory = code.operators.get(operator.operatorId)
  assert(factory?.type === type, `operator ${operator.name} is of type ${type}`)
  return { ...operator, factory }
}

function managedMemoryOf(operatorName: string): OperatorManagedMemory {
  const { counters } = new SlotManagedMemory().register('harness', MANAGED_MEMORY_BYTES)
  return new OperatorManagedMemory({ operatorName, shareBytes: MANAGED_MEMORY_BYTES, counters })
}

function contextFacts({ jobGraph }: RecordedJob, configuration: Configuration, clock: ManualClock) {
  const files = new InMemoryFileSystem({ clock, random: new SeededRandom(1), scheme: 'file' })
  return {
    jobId: jobGraph.jobId,
    jobName: jobGraph.name,
    attemptNumber: 0,
    jobType: jobGraph.jobType,
    configuration,
    fileSystems: new FileSystemRegistry([files]),
    sockets: {
      connect(host: string, port: number) {
        throw new Error(`Cannot connect to ${host}:${port}: a test harness has no sockets`)
      },
    },
    stdout: { writeLine() {}, flush() {} },
    metrics: new MetricRegistry({ clock }).createGroup('harness'),
    accumulators: new AccumulatorRegistry(),
    log: noopLogger,
    sendEventToCoordinator() {},
  } satisfies Partial<OperatorContext>
}
