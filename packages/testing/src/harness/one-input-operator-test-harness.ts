import assert from 'node:assert/strict'
import {
  AccumulatorRegistry,
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import { MetricRegistry } from '@flink-ts/metrics'
import {
  LocalSpillFiles,
  type OneInputStreamOperator,
  type OperatorContext,
  OperatorManagedMemory,
  OperatorServices,
  type RecordedJob,
  SlotManagedMemory,
} from '@flink-ts/runtime'
import { HeapKeyedStateBackend, type KeyedStateBackend } from '@flink-ts/state'
import type { DataStream } from '@flink-ts/streaming'
import { recordProgram } from '../simulation/cluster/record-program.js'
import { CollectingOutput, type OutputRecord } from './collecting-output.js'

export interface OneInputOperatorTestHarnessOptions {
  /** Key groups of the operator's state. Default 128. */
  readonly maxParallelism?: number
  /** Flink keys of the job, such as `execution.runtime-mode`. */
  readonly configuration?: Readonly<Record<string, string>>
}

/** Where the elements of the harness would come from. */
const SOURCE_NAME = 'Harness Source'
const MAX_PARALLELISM = 128
/** What the operator may reserve of managed memory: a slot with Flink's default share of 1 GiB. */
const MANAGED_MEMORY_BYTES = 400 * 2 ** 20

/**
 * Runs one operator of a program alone, as its task would: elements and watermarks go in one by one,
 * what it emits is kept, and time moves only when the test says so.
 *
 * Made by {@link OneInputOperatorTestHarness.open}; {@link close} ends it.
 */
export class OneInputOperatorTestHarness<IN, OUT> {
  /** Processing time of the operator. */
  readonly clock: ManualClock
  readonly #operator: OneInputStreamOperator
  readonly #output: CollectingOutput
  readonly #backend: KeyedStateBackend
  readonly #mails: (() => void | Promise<void>)[]

  private constructor(parts: {
    clock: ManualClock
    operator: OneInputStreamOperator
    output: CollectingOutput
    backend: KeyedStateBackend
    mails: (() => void | Promise<void>)[]
  }) {
    this.clock = parts.clock
    this.#operator = parts.operator
    this.#output = parts.output
    this.#backend = parts.backend
    this.#mails = parts.mails
  }

  /**
   * Makes and opens the one operator that `build` puts on its stream, such as
   * `(words) => words.keyBy((word) => word).process(new Counter())`.
   *
   * @throws AssertionError if that is not exactly one operator with one input
   */
  static async open<IN, OUT>(
    build: (stream: DataStream<IN>) => DataStream<OUT>,
    options: OneInputOperatorTestHarnessOptions = {},
  ): Promise<OneInputOperatorTestHarness<IN, OUT>> {
    const { maxParallelism = MAX_PARALLELISM } = options
    const configuration = {
      ...options.configuration,
      'pipeline.operator-chaining.enabled': 'false',
    }
    const job = await recordProgram(
      (env) => {
        const source = env.fromCollection<IN>([]).name(SOURCE_NAME)
        build(source).print()
      },
      { random: new SeededRandom(1), configuration },
    )
    const clock = new ManualClock()
    const output = new CollectingOutput()
    const mails: (() => void | Promise<void>)[] = []
    const keyGroupRange = { start: 0, end: maxParallelism - 1 }
    const backend = new HeapKeyedStateBackend({ maxParallelism, keyGroupRange })
    const { name, operatorId, factory } = operatorUnderTest(job)
    const mailbox = { execute: (action: () => void | Promise<void>) => void mails.push(action) }
    const services = new OperatorServices({
      ...{ clock, mailbox, output },
      createKeyedState: () => backend,
      createOperatorState: () => {
        throw new Error('no operator state here')
      },
    })
    const operator = factory.createOperator({
      ...contextFacts(job, Configuration.fromMap(configuration), clock),
      taskName: `${name} (1/1)`,
      operatorId,
      operatorName: name,
      maxParallelism,
      clock,
      output,
      mailbox,
      keyedState: () => backend,
      processingTime: services.processingTime,
      timerService: (timers, target) => services.timerService(timers, target),
      managedMemory: managedMemoryOf(name),
      spillFiles: LocalSpillFiles.configured(new Configuration(), new SeededRandom(1)),
    }) as OneInputStreamOperator
    await operator.open()
    return new OneInputOperatorTestHarness({ clock, operator, output, backend, mails })
  }

  /** @param timestampMs event time; none if absent */
  processElement(value: IN, timestampMs?: number): void {
    this.#operator.processElement(value, timestampMs ?? Number.NaN)
  }

  processWatermark(timestampMs: number): void {
    this.#operator.processWatermark(timestampMs)
  }

  /** Moves processing time forward and runs what the operator put into its mailbox thereby. */
  async advanceProcessingTime(byMs: number): Promise<void> {
    this.clock.advance(byMs)
    for (let mail = this.#mails.shift(); mail !== undefined; mail = this.#mails.shift())
      await mail()
  }

  /** All input has been processed: the operator emits what is left. */
  async finish(): Promise<void> {
    await this.#operator.finish()
  }

  /** What was emitted since the last call, in order; without timestamps. */
  extractOutput(): OUT[] {
    return this.extractRecords().map(({ value }) => value)
  }

  /** Like {@link extractOutput}, with event time. */
  extractRecords(): OutputRecord<OUT>[] {
    return this.#output.records.splice(0) as OutputRecord<OUT>[]
  }

  /** Watermarks emitted since the last call. */
  extractWatermarks(): number[] {
    return this.#output.watermarks.splice(0)
  }

  /** The value that the operator keeps for `key` in its state `name`, or that state's default. */
  keyedState(key: unknown, name: string): unknown {
    const before = this.#backend.currentKey
    this.#backend.setCurrentKey(key)
    try {
      return this.#backend.getValueState({ name }).value()
    } finally {
      if (before === undefined) this.#backend.clearCurrentKey()
      else this.#backend.setCurrentKey(before)
    }
  }

  /** Keys that have any state. */
  get numberOfKeys(): number {
    return this.#backend.numberOfKeys
  }

  async close(): Promise<void> {
    await this.#operator.close()
  }
}

function operatorUnderTest({ jobGraph, code }: RecordedJob) {
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
  assert(factory?.type === 'oneInput', `operator ${operator.name} has one input`)
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
    subtaskIndex: 0,
    parallelism: 1,
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
