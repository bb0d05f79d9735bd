import assert from 'node:assert/strict'
import type { CancelTimer } from '@flink-ts/core'
import { QueueErrorKind } from '../buffer/buffer-queue.js'
import type { QueueRecord, QueueRegistry } from './queue-registry.js'
import type { ShuffleEnvironmentOptions } from './shuffle-environment-options.js'

/** Queues between tasks of one TaskManager: whichever end comes first makes it. */
export class LocalQueues {
  readonly #registry: QueueRegistry
  readonly #options: ShuffleEnvironmentOptions
  /** Made by a consumer whose producer has not come. */
  readonly #expected = new Map<string, QueueRecord>()

  constructor(registry: QueueRegistry, options: ShuffleEnvironmentOptions) {
    this.#registry = registry
    this.#options = options
  }

  ofProducer(partitionId: string, subpartition: number): QueueRecord {
    const key = queueKey(partitionId, subpartition)
    const expected = this.#expected.get(key)
    if (expected === undefined) {
      return this.#registry.create({ producer: 'open', consumer: 'none' })
    }
    this.#expected.delete(key)
    expected.producer = 'open'
    return expected
  }

  /** @param existing the queues of the partition if it is there already */
  ofConsumer(
    options: {
      partitionId: string
      subpartition: number
      existing: readonly QueueRecord[] | undefined
    },
    timers: Set<CancelTimer>,
  ): QueueRecord {
    const { partitionId, subpartition } = options
    const key = queueKey(partitionId, subpartition)
    const existing = options.existing?.[subpartition]
    if (existing !== undefined) {
      assert(existing.consumer === 'none', `${key} is read already`)
      existing.consumer = 'open'
      return existing
    }
    assert(!this.#expected.has(key), `${key} is read already`)
    const record = this.#registry.create({ producer: 'expected', consumer: 'open' })
    this.#expected.set(key, record)
    const timeoutMs = this.#options.limits?.partitionRequestTimeoutMs ?? 10_000
    const cancel = this.#options.clock.schedule(timeoutMs, () => {
      timers.delete(cancel)
      if (record.producer !== 'expected') return
      const text = `no such partition here after ${timeoutMs} ms`
      this.#registry.fail(record, QueueErrorKind.partitionNotFound, text)
    })
    timers.add(cancel)
    return record
  }

  /** Its consumer has gone, perhaps before the producer came. */
  forget(partitionId: string, subpartition: number, record: QueueRecord): void {
    if (record.producer === 'expected') this.#expected.delete(queueKey(partitionId, subpartition))
  }
}

function queueKey(partitionId: string, subpartition: number): string {
  return `${partitionId}[${subpartition}]`
}
