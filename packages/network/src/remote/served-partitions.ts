import type { CancelTimer, Clock } from '@flink-ts/core'
import type { BufferQueueHandle } from '../buffer/buffer-queue.js'
import type { ServedPartition } from '../environment/network-io.js'
import type { SubpartitionSender } from './subpartition-sender.js'

interface Waiting {
  readonly partitionId: string
  readonly onPartition: (partition: ServedPartition | undefined) => void
  readonly cancelTimer: CancelTimer
}

/** The partitions of this TaskManager that peers may read, and who reads them. */
export class ServedPartitions {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #partitions = new Map<string, ServedPartition>()
  readonly #waiting = new Map<string, Set<Waiting>>()
  readonly #senders = new Map<string, Set<SubpartitionSender>>()
  readonly #onUnread = new Map<string, () => void>()

  constructor(options: { clock: Clock; timeoutMs: number }) {
    this.#clock = options.clock
    this.#timeoutMs = options.timeoutMs
  }

  register(partition: ServedPartition): void {
    this.#partitions.set(partition.partitionId, partition)
    const waiting = this.#waiting.get(partition.partitionId)
    this.#waiting.delete(partition.partitionId)
    for (const { onPartition, cancelTimer } of waiting ?? []) {
      cancelTimer()
      onPartition(partition)
    }
  }

  /**
   * Calls `onPartition` when the partition is there (perhaps at once), or with undefined after the
   * partition request timeout: a consumer may be deployed before its producer.
   *
   * @returns what cancels the waiting
   */
  find(
    partitionId: string,
    onPartition: (partition: ServedPartition | undefined) => void,
  ): CancelTimer {
    const partition = this.#partitions.get(partitionId)
    if (partition !== undefined) {
      onPartition(partition)
      return () => {}
    }
    const forget = () => {
      const waiting = this.#waiting.get(partitionId)
      waiting?.delete(entry)
      if (waiting?.size === 0) this.#waiting.delete(partitionId)
    }
    const entry: Waiting = {
      partitionId,
      onPartition,
      cancelTimer: this.#clock.schedule(this.#timeoutMs, () => {
        forget()
        onPartition(undefined)
      }),
    }
    const waiting = this.#waiting.get(partitionId) ?? new Set()
    this.#waiting.set(partitionId, waiting.add(entry))
    return () => {
      entry.cancelTimer()
      forget()
    }
  }

  /** Resolves when nobody reads the partition any more. */
  release(partitionId: string): Promise<void> {
    this.#partitions.delete(partitionId)
    if (!this.#senders.has(partitionId)) return Promise.resolve()
    return new Promise((resolve) => this.#onUnread.set(partitionId, resolve))
  }

  addSender(sender: SubpartitionSender): void {
    const senders = this.#senders.get(sender.partitionId) ?? new Set()
    this.#senders.set(sender.partitionId, senders.add(sender))
  }

  removeSender(sender: SubpartitionSender): void {
    const senders = this.#senders.get(sender.partitionId)
    senders?.delete(sender)
    if (senders?.size !== 0) return
    this.#senders.delete(sender.partitionId)
    this.#onUnread.get(sender.partitionId)?.()
    this.#onUnread.delete(sender.partitionId)
  }
}

/** The queue of a subpartition, or why there is none. */
export function subpartitionQueue(
  partition: ServedPartition,
  subpartition: number,
): BufferQueueHandle | string {
  const queue = partition.queues[subpartition]
  return queue ?? `the partition has ${partition.queues.length} subpartitions`
}
