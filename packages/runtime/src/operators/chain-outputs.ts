import type { SerializerRegistry } from '@flink-ts/core'
import { copyRecord } from './copy-record.js'
import type { OneInputStreamOperator, Output, TwoInputStreamOperator } from './stream-operator.js'

/** An output that knows how many records went through it; what the record counters are made of. */
export interface CountingOutput extends Output {
  readonly recordCount: number
}

/** Hands records straight to the next operator of the chain. */
export class ChainedOutput implements CountingOutput {
  recordCount = 0
  readonly #operator: OneInputStreamOperator
  readonly #next: Output

  /** @param next the operator's own output */
  constructor(operator: OneInputStreamOperator, next: Output) {
    this.#operator = operator
    this.#next = next
  }

  whenAvailable(): Promise<void> | undefined {
    return this.#operator.whenReady?.() ?? this.#next.whenAvailable?.()
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement(value, timestamp)
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
  readonly #next: Output

  /** @param next the operator's own output */
  constructor(operator: TwoInputStreamOperator, next: Output) {
    this.#operator = operator
    this.#next = next
  }

  whenAvailable(): Promise<void> | undefined {
    return this.#operator.whenReady?.() ?? this.#next.whenAvailable?.()
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement1(value, timestamp)
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
  readonly #next: Output

  /** @param next the operator's own output */
  constructor(operator: TwoInputStreamOperator, next: Output) {
    this.#operator = operator
    this.#next = next
  }

  whenAvailable(): Promise<void> | undefined {
    return this.#operator.whenReady?.() ?? this.#next.whenAvailable?.()
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    this.#operator.processElement2(value, timestamp)
  }

  emitWatermark(timestampMs: number): void {
    this.#operator.processWatermark2(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.#operator.processWatermarkStatus2(status)
  }
}

/**
 * Hands each record to several consumers. Those across the network come first: they serialise at
 * once, so nobody can change the record before. Of the chained ones each but the last gets a copy,
 * unless the job promises object reuse.
 */
export class FanOutOutput implements CountingOutput {
  recordCount = 0
  readonly #network: readonly Output[]
  readonly #copied: readonly Output[]
  readonly #last: Output | undefined
  readonly #all: readonly Output[]
  readonly #objectReuse: boolean
  readonly #serializers: SerializerRegistry | undefined

  constructor(
    network: readonly Output[],
    chained: readonly Output[],
    { objectReuse, serializers }: { objectReuse: boolean; serializers?: SerializerRegistry },
  ) {
    this.#network = network
    this.#copied = chained.slice(0, -1)
    this.#last = chained.at(-1)
    this.#all = [...network, ...chained]
    this.#objectReuse = objectReuse
    this.#serializers = serializers
  }

  collect(value: unknown, timestamp: number): void {
    this.recordCount++
    for (let i = 0; i < this.#network.length; i++) this.#network[i]!.collect(value, timestamp)
    for (let i = 0; i < this.#copied.length; i++) {
      this.#copied[i]!.collect(
        this.#objectReuse ? value : copyRecord(value, this.#serializers),
        timestamp,
      )
    }
    this.#last?.collect(value, timestamp)
  }

  whenAvailable(): Promise<void> | undefined {
    for (const output of this.#all) {
      const available = output.whenAvailable?.()
      if (available !== undefined) return available
    }
    return undefined
  }

  emitWatermark(timestampMs: number): void {
    for (const output of this.#all) output.emitWatermark(timestampMs)
  }

  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    for (const output of this.#all) output.emitWatermarkStatus(status)
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
