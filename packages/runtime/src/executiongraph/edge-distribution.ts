import assert from 'node:assert/strict'
import type { SubpartitionRange } from '@flink-ts/network'
import type { PartitionerType } from '../jobgraph/job-graph.js'

/** What one consumer subtask reads of an edge: the same subpartitions of each of these producers. */
export interface ConsumedInput {
  /** Subtask indexes, ascending. */
  readonly producers: readonly number[]
  readonly subpartitions: SubpartitionRange
}

/** Whether each consumer reads only some of the producers. */
export function isPointwise(partitioner: PartitionerType): boolean {
  return partitioner === 'FORWARD' || partitioner === 'RESCALE'
}

/**
 * Who reads what of an edge: pointwise for FORWARD and RESCALE (neighbours in equal shares), else
 * every consumer `i` reads subpartition `i` of every producer.
 */
export class EdgeDistribution {
  readonly #pointwise: boolean
  readonly #producers: number
  readonly #consumers: number

  constructor(partitioner: PartitionerType, producers: number, consumers: number) {
    assert(producers > 0 && consumers > 0, 'an edge has producers and consumers')
    assert(
      partitioner !== 'FORWARD' || producers === consumers,
      `a FORWARD edge joins equal parallelism, not ${producers} and ${consumers}`,
    )
    this.#pointwise = isPointwise(partitioner)
    this.#producers = producers
    this.#consumers = consumers
  }

  get pointwise(): boolean {
    return this.#pointwise
  }

  numberOfSubpartitions(producer: number): number {
    if (!this.#pointwise) return this.#consumers
    if (this.#producers >= this.#consumers) return 1
    return this.#firstConsumer(producer + 1) - this.#firstConsumer(producer)
  }

  /** How many consumers read something of a producer. */
  numberOfConsumers(producer: number): number {
    return this.numberOfSubpartitions(producer)
  }

  /** What a consumer reads of each of its producers. */
  subpartitionsOf(consumer: number): SubpartitionRange {
    if (!this.#pointwise) return only(consumer)
    if (this.#producers >= this.#consumers) return only(0)
    return only(consumer - this.#firstConsumer(this.#onlyProducer(consumer)))
  }

  consumedBy(consumer: number): ConsumedInput {
    return { producers: this.#producersOf(consumer), subpartitions: this.subpartitionsOf(consumer) }
  }

  #producersOf(consumer: number): number[] {
    if (!this.#pointwise) return range(0, this.#producers)
    if (this.#producers < this.#consumers) return [this.#onlyProducer(consumer)]
    const first = Math.floor((consumer * this.#producers) / this.#consumers)
    const end = Math.floor(((consumer + 1) * this.#producers) / this.#consumers)
    return range(first, end)
  }

  #onlyProducer(consumer: number): number {
    return Math.floor((consumer * this.#producers) / this.#consumers)
  }

  // Fewer producers than consumers: the consumers of a producer are neighbours.
  #firstConsumer(producer: number): number {
    return Math.ceil((producer * this.#consumers) / this.#producers)
  }
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i)
}

function only(index: number): SubpartitionRange {
  return { first: index, last: index }
}
