import type { CancelTimer, Clock } from '@flink-ts/core'
import { FileSource } from '../blocking/file-source.js'
import { QueueConsumer } from '../buffer/queue-consumer.js'
import type { NetworkIoWorld, ServedPartition } from '../environment/network-io.js'
import type { ChannelSource } from '../gate/channel-source.js'
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

/** What a subpartition is read from, or why it cannot be read. */
export function subpartitionSource(
  { queues, folder }: ServedPartition,
  subpartition: number,
  world: NetworkIoWorld,
): ChannelSource | string {
  if (folder !== undefined) return new FileSource({ folder, subpartition }, { reusesMemory: false })
  const queue = queues[subpartition]
  if (queue === undefined) return `the partition has ${queues.length} subpartitions`
  if (QueueConsumer.isTaken(queue)) return 'it was read before, and can be read once only'
  return new QueueConsumer(queue, world.context, world.bell)
}
