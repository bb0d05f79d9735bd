import {
  type BufferQueueHandle,
  CONSUMER_BELL,
  CONSUMER_STATE,
  createBufferQueue,
  EndState,
  PRODUCER_BELL,
  PRODUCER_STATE,
  QueueErrorKind,
  type QueueErrorKindValue,
  QueueMemory,
  WANTED_BYTES,
} from '../buffer/buffer-queue.js'
import type { NetworkContext } from './network-context.js'

/** A queue and who still holds one of its ends. */
export interface QueueRecord {
  readonly handle: BufferQueueHandle
  readonly memory: QueueMemory
  producer: 'expected' | 'open' | 'closed'
  consumer: 'none' | 'open' | 'closed'
  /** Queues that hold the same segments, and who owns these. */
  group?: { readonly ownerId: number; readonly queues: readonly QueueRecord[] }
}

/**
 * The queues of one TaskManager. A queue whose two ends are closed is forgotten, and what is still
 * in it goes back to the pool: until then somebody might be reading it.
 */
export class QueueRegistry {
  readonly #context: NetworkContext
  readonly #bufferBytes: number
  #nextQueueId = 1

  /** @param bufferBytes how far the buffers of a queue are filled at first; 0: to their end */
  constructor(context: NetworkContext, bufferBytes: number) {
    this.#context = context
    this.#bufferBytes = bufferBytes
  }

  /** An owner of segments in the pool that is no queue. */
  nextOwnerId(): number {
    return this.#nextQueueId++
  }

  create(ends: Pick<QueueRecord, 'producer' | 'consumer'>): QueueRecord {
    const handle = createBufferQueue(this.#nextQueueId++)
    const memory = new QueueMemory(handle)
    memory.ints[WANTED_BYTES] = this.#bufferBytes
    return { handle, memory, ...ends }
  }

  fail(record: QueueRecord, kind: QueueErrorKindValue, text: string): void {
    record.memory.fail(kind, text)
    this.#ring(record, CONSUMER_BELL)
    this.#ring(record, PRODUCER_BELL)
  }

  /** The producer's thread is done with it. A queue without its end breaks its consumer. */
  closeProducer(record: QueueRecord, reason: string): void {
    record.producer = 'closed'
    const state = Atomics.exchange(record.memory.ints, PRODUCER_STATE, EndState.gone)
    Atomics.store(record.memory.ints, PRODUCER_BELL, 0)
    if (state !== EndState.gone) this.fail(record, QueueErrorKind.partitionReleased, reason)
  }

  /** The consumer's thread is done with it. */
  closeConsumer(record: QueueRecord): void {
    record.consumer = 'closed'
    Atomics.store(record.memory.ints, CONSUMER_STATE, EndState.gone)
    Atomics.store(record.memory.ints, CONSUMER_BELL, 0)
    this.#ring(record, PRODUCER_BELL)
  }

  /** Takes the segments out of those queues that nobody holds any more. */
  reclaim(records: Iterable<QueueRecord>): void {
    const owners = new Set<number>()
    for (const record of records) {
      if (isHeld(record)) continue
      owners.add(record.handle.queueId)
      const { group } = record
      if (group !== undefined && !group.queues.some(isHeld)) owners.add(group.ownerId)
    }
    if (owners.size > 0) this.#context.pool.reclaimAll(owners)
  }

  #ring(record: QueueRecord, bell: number): void {
    this.#context.doorbells.ring(Atomics.load(record.memory.ints, bell))
  }
}

function isHeld({ producer, consumer }: QueueRecord): boolean {
  return producer === 'open' || consumer === 'open'
}
