import assert from 'node:assert/strict'
import { removeStaleFolders } from '../blocking/shuffle-folders.js'
import type { PoolUsage } from '../buffer/network-buffer-pool.js'
import { startingBufferBytes } from '../gate/buffer-debloater.js'
import type { DebloatingMetrics } from '../gate/gate-debloater.js'
import type { InputGateHandle } from '../gate/input-gate.js'
import type { ResultPartitionHandle } from '../partition/result-partition.js'
import { NetworkTaskShuffle } from '../shuffle/network-task-shuffle.js'
import type {
  TaskManagerShuffle,
  TaskShuffle,
  TaskShuffleHandle,
} from '../shuffle/shuffle-service.js'
import { BlockingPartitions } from './blocking-partitions.js'
import { BufferQuotas } from './buffer-quotas.js'
import type { DataLocation, InputGateDescriptor, ResultPartitionDescriptor } from './descriptors.js'
import { InputGates } from './input-gates.js'
import { LocalQueues } from './local-queues.js'
import { NetworkContext } from './network-context.js'
import { type NetworkIo, noNetworkIo } from './network-io.js'
import { PipelinedPartitions } from './pipelined-partitions.js'
import { type QueueRecord, QueueRegistry } from './queue-registry.js'
import type { ChannelMetrics, ShuffleEnvironmentOptions } from './shuffle-environment-options.js'

/**
 * A TaskManager's network: its memory, partitions, gates and connections, used in its main thread.
 * What it creates are cloneable handles that the tasks attach in their threads.
 */
export class ShuffleEnvironment implements TaskManagerShuffle {
  readonly context: NetworkContext
  readonly taskShuffle: TaskShuffle
  readonly #options: ShuffleEnvironmentOptions
  readonly #io: NetworkIo
  readonly #ioBell: number
  readonly #registry: QueueRegistry
  readonly #blocking: BlockingPartitions
  readonly #pipelined: PipelinedPartitions
  readonly #gates: InputGates
  #isClosed = false

  private constructor(
    options: ShuffleEnvironmentOptions,
    context: NetworkContext,
    io: NetworkIo,
    ioBell: number,
  ) {
    this.#options = options
    this.context = context
    this.taskShuffle = new NetworkTaskShuffle(context)
    this.#io = io
    this.#ioBell = ioBell
    const { limits } = options
    const debloating = limits?.debloating
    const registry = new QueueRegistry(
      context,
      debloating === undefined ? 0 : startingBufferBytes(debloating, context.pool.segmentBytes),
    )
    this.#registry = registry
    const localQueues = new LocalQueues(registry, options)
    const quotas = new BufferQuotas(options.numberOfSegments, context.doorbells)
    const parts = { context, registry, localQueues, quotas }
    this.#blocking = new BlockingPartitions(options, context, quotas)
    this.#pipelined = new PipelinedPartitions({ ...parts, limits })
    this.#gates = new InputGates(options, {
      ...parts,
      io,
      ioBell,
      lookup: {
        blocking: (partitionId) => this.#blocking.get(partitionId),
        queues: (partitionId) => this.#pipelined.queues(partitionId),
      },
    })
  }

  static async start(options: ShuffleEnvironmentOptions): Promise<ShuffleEnvironment> {
    const context = NetworkContext.create({
      numberOfSegments: options.numberOfSegments,
      segmentBytes: options.segmentBytes ?? 32 * 1024,
      doorbellCapacity: options.doorbellCapacity ?? 8191,
      defer: options.defer,
    })
    for (const dir of options.tmpDirs ?? []) await removeStaleFolders(dir, options.log)
    const bell = context.doorbells.allocate()
    const io = await options.io?.({
      context,
      bell,
      resourceId: options.resourceId,
      partitionRequestTimeoutMs: options.limits?.partitionRequestTimeoutMs ?? 10_000,
      clock: options.clock,
      log: options.log,
    })
    return new ShuffleEnvironment(options, context, io ?? noNetworkIo, bell)
  }

  /** Where peers find the partitions of this environment. */
  get location(): DataLocation {
    const { resourceId, host } = this.#options
    return { resourceId, host, dataPort: this.#io.dataPort }
  }

  get dataPort(): number {
    return this.#io.dataPort
  }

  get taskShuffleHandle(): TaskShuffleHandle {
    return { data: this.context.handle() }
  }

  /** @throws InsufficientNetworkBuffersError */
  createResultPartition(descriptor: ResultPartitionDescriptor): ResultPartitionHandle {
    this.#checkOpen()
    const { partitionId, numberOfSubpartitions, type } = descriptor
    const isKnown =
      this.#pipelined.has(partitionId) || this.#blocking.get(partitionId) !== undefined
    assert(!isKnown, `partition ${partitionId} exists already`)
    assert(numberOfSubpartitions > 0, 'a partition has at least one subpartition')
    if (type === 'blocking') {
      const handle = this.#blocking.create(descriptor, this.#registry.nextOwnerId())
      this.#io.registerPartition({ partitionId, queues: [], folder: handle.folder })
      return handle
    }
    const handle = this.#pipelined.create(descriptor)
    this.#io.registerPartition({ partitionId, queues: handle.queues })
    return handle
  }

  /**
   * Channels of producers in this environment share the producers' queues, others are connected to.
   *
   * @throws InsufficientNetworkBuffersError
   */
  createInputGate(descriptor: InputGateDescriptor): InputGateHandle {
    this.#checkOpen()
    return this.#gates.create(descriptor)
  }

  /**
   * The partitions' producers are done, and their threads do not touch them any more. Consumers may
   * read on to the end of a partition that has one; otherwise they fail. Unknown ids are ignored.
   */
  releasePartitions(partitionIds: readonly string[]): void {
    const released: QueueRecord[] = []
    const ids: string[] = []
    for (const partitionId of partitionIds) {
      const stored = this.#blocking.get(partitionId)
      if (stored !== undefined) {
        this.#blocking.release(stored)
        void this.#io.releasePartitions([partitionId])
      }
      const queues = this.#pipelined.release(partitionId)
      if (queues === undefined) continue
      released.push(...queues)
      ids.push(partitionId)
    }
    if (ids.length === 0) return
    void this.#io.releasePartitions(ids).then(() => this.#registry.reclaim(released))
  }

  /**
   * The thread of a partition's producer does not touch it any more, and the partition stays. Its buffers
   * go back if it is a blocking one. Unknown ids are ignored.
   */
  producerEnded(partitionId: string): void {
    const stored = this.#blocking.get(partitionId)
    if (stored !== undefined) this.#blocking.producerEnded(stored)
  }

  /** The gate's consumer is done, and its thread does not touch it any more. Unknown ids are ignored. */
  closeInputGate(gateId: string): void {
    this.#gates.close(gateId)
  }

  /** Fails all channels from a peer that is known to be dead. */
  failConnection(resourceId: string, reason: string): void {
    this.#io.failConnection(resourceId, reason)
  }

  poolUsage(): PoolUsage {
    return this.context.pool.usage()
  }

  /** What the partition has written per subpartition; undefined if there is no such partition. */
  partitionMetrics(partitionId: string): readonly ChannelMetrics[] | undefined {
    const stored = this.#blocking.counters(partitionId)
    if (stored !== undefined) {
      return stored.map((counters, subpartition) => {
        return { ...counters, partitionId, subpartition, isLocal: false, peer: 'file' }
      })
    }
    return this.#pipelined.counters(partitionId)?.map((counters, subpartition) => {
      const peer = counters.isLocal ? 'local' : 'remote'
      return { ...counters, partitionId, subpartition, peer }
    })
  }

  /** What the gate has read per channel; undefined if there is no such gate. */
  gateMetrics(gateId: string): readonly ChannelMetrics[] | undefined {
    return this.#gates.metrics(gateId)
  }

  /** Undefined if there is no such gate, or no buffer debloating. */
  debloatingMetrics(gateId: string): DebloatingMetrics | undefined {
    return this.#gates.debloatingMetrics(gateId)
  }

  /** Ends all connections and releases everything. Tasks must have ended. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const gateId of this.#gates.ids) this.closeInputGate(gateId)
    this.releasePartitions(this.#pipelined.ids)
    this.#blocking.close()
    await this.#io.close()
    this.context.doorbells.free(this.#ioBell)
  }

  #checkOpen(): void {
    assert(!this.#isClosed, 'the shuffle environment is closed')
  }
}
