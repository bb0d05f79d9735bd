import type { ChannelCounters } from '../buffer/buffer-queue.js'
import type { PipelinedPartitionHandle } from '../partition/result-partition.js'
import type { BufferQuota, BufferQuotas } from './buffer-quotas.js'
import type { ResultPartitionDescriptor } from './descriptors.js'
import type { LocalQueues } from './local-queues.js'
import type { NetworkContext } from './network-context.js'
import type { QueueRecord, QueueRegistry } from './queue-registry.js'
import type { ShuffleLimits } from './shuffle-environment-options.js'

interface Entry {
  readonly handle: PipelinedPartitionHandle
  readonly queues: readonly QueueRecord[]
  readonly quota: BufferQuota
}

/** The partitions of one TaskManager that are read while they are written. */
export class PipelinedPartitions {
  readonly #context: NetworkContext
  readonly #registry: QueueRegistry
  readonly #localQueues: LocalQueues
  readonly #quotas: BufferQuotas
  readonly #limits: ShuffleLimits | undefined
  readonly #entries = new Map<string, Entry>()

  constructor(options: {
    context: NetworkContext
    registry: QueueRegistry
    localQueues: LocalQueues
    quotas: BufferQuotas
    limits: ShuffleLimits | undefined
  }) {
    this.#context = options.context
    this.#registry = options.registry
    this.#localQueues = options.localQueues
    this.#quotas = options.quotas
    this.#limits = options.limits
  }

  has(partitionId: string): boolean {
    return this.#entries.has(partitionId)
  }

  get ids(): readonly string[] {
    return [...this.#entries.keys()]
  }

  queues(partitionId: string): readonly QueueRecord[] | undefined {
    return this.#entries.get(partitionId)?.queues
  }

  /** @throws InsufficientNetworkBuffersError */
  create(descriptor: ResultPartitionDescriptor): PipelinedPartitionHandle {
    const { partitionId, numberOfSubpartitions, partitioner } = descriptor
    const ownerName = descriptor.ownerName ?? partitionId
    const { doorbells } = this.#context
    const bell = doorbells.allocate()
    let quota: BufferQuota
    try {
      quota = this.#quotas.reserve({
        owner: `the output of ${ownerName}`,
        min: numberOfSubpartitions + 1,
        max: numberOfSubpartitions * 2 + 8,
        bell,
      })
    } catch (error) {
      doorbells.free(bell)
      throw error
    }
    const queues: QueueRecord[] = []
    for (let index = 0; index < numberOfSubpartitions; index++) {
      queues.push(this.#localQueues.ofProducer(partitionId, index))
    }
    const isBroadcast = partitioner === 'BROADCAST' && numberOfSubpartitions > 1
    const sharedOwnerId = isBroadcast ? this.#registry.nextOwnerId() : undefined
    if (sharedOwnerId !== undefined) {
      for (const queue of queues) queue.group = { ownerId: sharedOwnerId, queues }
    }
    const handle: PipelinedPartitionHandle = {
      partitionId,
      ownerName,
      bell,
      queues: queues.map((record) => record.handle),
      quota: quota.control,
      ...(sharedOwnerId !== undefined && { sharedOwnerId }),
      maxBuffersPerSubpartition: this.#limits?.maxBuffersPerSubpartition ?? 10,
      maxOverdraftBuffers: this.#limits?.maxOverdraftBuffersPerGate ?? 5,
    }
    this.#entries.set(partitionId, { handle, queues, quota })
    return handle
  }

  /**
   * The producer's thread does not touch it any more. Unfinished queues fail their consumers.
   *
   * @returns its queues, to be reclaimed when nobody sends from them any more; undefined if it is unknown
   */
  release(partitionId: string): readonly QueueRecord[] | undefined {
    const entry = this.#entries.get(partitionId)
    if (entry === undefined) return undefined
    this.#entries.delete(partitionId)
    for (const queue of entry.queues) {
      this.#registry.closeProducer(queue, 'its producer ended before the end of its data')
    }
    entry.quota.release()
    this.#context.doorbells.free(entry.handle.bell)
    return entry.queues
  }

  /** What was written per subpartition, and whether it is read here. */
  counters(partitionId: string): (ChannelCounters & { readonly isLocal: boolean })[] | undefined {
    return this.#entries.get(partitionId)?.queues.map((queue) => {
      return { ...queue.memory.produced(), isLocal: queue.consumer !== 'none' }
    })
  }
}
