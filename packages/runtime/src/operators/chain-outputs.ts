import type { RecordCopier } from '@flink-ts/core'
import type { OneInputStreamOperator, Output, TwoInputStreamOperator } from './stream-operator.js'

/** An output that knows how many records went through it; what the record counters are made of. */
export interface CountingOutput extends Output {
  readonly recordCount: number
}

/** What an output into a chained operator needs beside the operator. */
export interface ChainedOutputOptions {
  /** Makes what the operator gets, if it gets copies. */
  readonly copier?: RecordCopier
  /** The operator's own output. */
  readonly next: Output
}

/** Hands records, or copies of them, straight to the next operator of the chain. */
export class ChainedOutput implements CountingOutput {
  recordCount = 0
  readonly #operator: OneInputStreamOperator
  readonly #copier: RecordCopier | undefined
  readonly #next: Output

  constructor(operator: OneInputStreamOperator, { copier, next }: ChainedOutputOptions) {
    this.#operator = operator
    this.#copier = copier
    this.#next = next
  }

  whenAvailable(): Promise<void> | undefined {
    return this.#operator.whenReady?.() ?? this.#next.whenAvailable?.()
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement(
      typeof value === 'object' && this.#copier !== undefined ? this.#copier.copy(value) : value,
      timestamp,
    )
  }

  emitWatermark(timestampMs: number): void {
    this.#operator.processWatermark(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#operator.processWatermarkStatus(status)
  }
}

/** Hands records to the first input of a chained operator that has two. */
export class FirstInputOutput implements CountingOutput {
  recordCount = 0
  readonly #operator: TwoInputStreamOperator
  readonly #copier: RecordCopier | undefined
  readonly #next: Output

  constructor(operator: TwoInputStreamOperator, { copier, next }: ChainedOutputOptions) {
    this.#operator = operator
    this.#copier = copier
    this.#next = next
  }

  whenAvailable(): Promise<void> | undefined {
    return this.#operator.whenReady?.() ?? this.#next.whenAvailable?.()
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement1(
      typeof value === 'object' && this.#copier !== undefined ? this.#copier.copy(value) : value,
      timestamp,
    )
  }

  emitWatermark(timestampMs: number): void {
    this.#operator.processWatermark1(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#operator.processWatermarkStatus1(status)
  }
}

/** Hands records to the second input of a chained operator that has two. */
export class SecondInputOutput implements CountingOutput {
  recordCount = 0
  readonly #operator: TwoInputStreamOperator
  readonly #copier: RecordCopier | undefined
  readonly #next: Output

  constructor(operator: TwoInputStreamOperator, { copier, next }: ChainedOutputOptions) {
    this.#operator = operator
    this.#copier = copier
    this.#next = next
  }

  whenAvailable(): Promise<void> | undefined {
    return this.#operator.whenReady?.() ?? this.#next.whenAvailable?.()
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement2(
      typeof value === 'object' && this.#copier !== undefined ? this.#copier.copy(value) : value,
      timestamp,
    )
  }

  emitWatermark(timestampMs: number): void {
    this.#operator.processWatermark2(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#operator.processWatermarkStatus2(status)
  }
}

/**
 * Hands each record to several consumers. Those across the network come first: they serialise at once, so nobody can
 * change the record before.
 */
export class FanOutOutput implements CountingOutput {
  recordCount = 0
  readonly #outputs: readonly Output[]

  /** @param chained each but the last with copies of its own, unless the job promises object reuse */
  constructor(network: readonly Output[], chained: readonly Output[]) {
    this.#outputs = [...network, ...chained]
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    for (let i = 0; i < this.#outputs.length; i++) this.#outputs[i]!.collect(value, timestamp)
  }

  whenAvailable(): Promise<void> | undefined {
    for (const output of this.#outputs) {
      const available = output.whenAvailable?.()
      if (available !== undefined) return available
    }
    return undefined
  }

  emitWatermark(timestampMs: number): void {
    for (const output of this.#outputs) output.emitWatermark(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    for (const output of this.#outputs) output.emitWatermarkStatus(status)
  }
}

/** The output of an operator that nobody consumes, such as a sink. */
export class DiscardingOutput implements CountingOutput {
  recordCount = 0

  collect(): void {
    this.recordCount++
  }

  emitWatermark(): void {}

  emitWatermarkStatus(): void {}
}
