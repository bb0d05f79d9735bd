import assert from 'node:assert/strict'
import type { BlockingPartitionHandle } from '../blocking/blocking-result-partition.js'
import { partitionFolder } from '../blocking/partition-files.js'
import { createShuffleFolder, deleteFolder } from '../blocking/shuffle-folders.js'
import { type ChannelCounters, PRODUCED } from '../buffer/buffer-queue.js'
import type { BufferQuota, BufferQuotas } from './buffer-quotas.js'
import type { ResultPartitionDescriptor } from './descriptors.js'
import type { NetworkContext } from './network-context.js'
import type { ShuffleEnvironmentOptions } from './shuffle-environment-options.js'

interface Entry {
  readonly handle: BlockingPartitionHandle
  readonly quota: BufferQuota
}

/** The blocking partitions of one TaskManager: files in its temporary folders until they are released. */
export class BlockingPartitions {
  readonly #options: ShuffleEnvironmentOptions
  readonly #context: NetworkContext
  readonly #quotas: BufferQuotas
  readonly #roots = new Map<string, string>()
  readonly #entries = new Map<string, Entry>()
  #next = 0

  constructor(options: ShuffleEnvironmentOptions, context: NetworkContext, quotas: BufferQuotas) {
    this.#options = options
    this.#context = context
    this.#quotas = quotas
  }

  /** @throws InsufficientNetworkBuffersError */
  create(descriptor: ResultPartitionDescriptor, ownerId: number): BlockingPartitionHandle {
    const { partitionId, numberOfSubpartitions, partitioner } = descriptor
    const root = this.#nextRoot()
    const limits = this.#options.limits
    const isBroadcast = partitioner === 'BROADCAST'
    const stored = isBroadcast ? 1 : numberOfSubpartitions
    const isSorted = stored > 1 && stored >= (limits?.sortShuffleMinParallelism ?? 1)
    const sortBuffers = Math.max(2, Math.min(limits?.sortShuffleMinBuffers ?? 512, 2 * stored + 8))
    const ownerName = descriptor.ownerName ?? partitionId
    const bell = this.#context.doorbells.allocate()
    const needed = isSorted ? Math.max(2, Math.min(sortBuffers, stored >> 2)) : stored
    let quota: BufferQuota
    try {
      quota = this.#quotas.reserve({
        owner: `the output of ${ownerName}`,
        min: needed,
        max: needed,
        bell,
      })
    } catch (error) {
      this.#context.doorbells.free(bell)
      throw error
    }
    const handle: BlockingPartitionHandle = {
      partitionId,
      ownerName,
      bell,
      folder: partitionFolder(root, partitionId),
      numberOfSubpartitions,
      isBroadcast,
      isSorted,
      isCompressed: limits?.batchShuffleCompression ?? true,
      ownerId,
      sortBuffers: needed,
      counters: Array.from(
        { length: numberOfSubpartitions },
        () => new SharedArrayBuffer((PRODUCED + 3) * 8),
      ),
    }
    this.#entries.set(partitionId, { handle, quota })
    return handle
  }

  #nextRoot(): string {
    const dirs = this.#options.tmpDirs ?? []
    const dir = dirs[this.#next++ % dirs.length]
    assert(dir !== undefined, 'a TaskManager with blocking partitions has tmpDirs')
    let root = this.#roots.get(dir)
    if (root === undefined) {
      root = createShuffleFolder(dir)
      this.#roots.set(dir, root)
    }
    return root
  }

  get(partitionId: string): BlockingPartitionHandle | undefined {
    return this.#entries.get(partitionId)?.handle
  }

  get ids(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** What was written per subpartition, before compression. */
  counters(partitionId: string): readonly ChannelCounters[] | undefined {
    return this.get(partitionId)?.counters.map((memory) => {
      const values = new Float64Array(memory, PRODUCED * 8)
      return { numRecords: values[0]!, numBytes: values[1]!, numBuffers: values[2]! }
    })
  }

  /** Its task does not touch it any more: only the files stay. */
  producerEnded(handle: BlockingPartitionHandle): void {
    const entry = this.#entries.get(handle.partitionId)
    if (entry?.handle !== handle) return
    entry.quota.release()
    this.#context.pool.reclaimAll(new Set([handle.ownerId]))
  }

  /** Deletes its files. Who is reading them reads what is open to the end, or fails. */
  release(handle: BlockingPartitionHandle): void {
    this.producerEnded(handle)
    this.#entries.delete(handle.partitionId)
    this.#context.doorbells.free(handle.bell)
    deleteFolder(handle.folder)
  }

  /** Deletes what is left, the folders included. */
  close(): void {
    for (const { handle } of [...this.#entries.values()]) this.release(handle)
    for (const root of this.#roots.values()) deleteFolder(root)
  }
}
