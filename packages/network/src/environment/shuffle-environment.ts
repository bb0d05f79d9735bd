import assert from 'node:assert/strict'
import type { CancelTimer } from '@flink-ts/core'
import { type ChannelCounters, CONSUMED } from '../buffer/buffer-queue.js'
import type { PoolUsage } from '../buffer/network-buffer-pool.js'
import type { InputChannelHandle, InputGateHandle } from '../gate/input-gate.js'
import type {
  PipelinedPartitionHandle,
  ResultPartitionHandle,
} from '../partition/result-partition.js'
import { BlockingPartitions } from './blocking-partitions.js'
import { type BufferQuota, BufferQuotas } from './buffer-quotas.js'
import type {
  DataLocation,
  InputGateDescriptor,
  ResultPartitionDescriptor,
  SubpartitionRange,
} from './descriptors.js'
import { LocalQueues } from './local-queues.js'
import { NetworkContext } from './network-context.js'
import { type NetworkIo, noNetworkIo, type RemoteChannel } from './network-io.js'
import { type QueueRecord, QueueRegistry } from './queue-registry.js'
import type { ChannelMetrics, ShuffleEnvironmentOptions } from './shuffle-environment-options.js'

interface PartitionRecord {
  readonly handle: PipelinedPartitionHandle
  readonly queues: readonly QueueRecord[]
  readonly quota: BufferQuota
}

interface GateRecord {
  readonly handle: InputGateHandle
  /** Undefined: read from a file. */
  readonly queues: readonly (QueueRecord | undefined)[]
  readonly timers: Set<CancelTimer>
  readonly quota: BufferQuota | undefined
}

/**
 * A TaskManager's network: its memory, partitions, gates and connections, used in its main thread.
 * What it creates are cloneable handles that the tasks attach in their threads.
 */
export class ShuffleEnvironment {
  readonly context: NetworkContext
  readonly #options: ShuffleEnvironmentOptions
  readonly #io: NetworkIo
  readonly #ioBell: number
  readonly #registry: QueueRegistry
  readonly #quotas: BufferQuotas
  readonly #blocking: BlockingPartitions
  readonly #partitions = new Map<string, PartitionRecord>()
  readonly #gates = new Map<string, GateRecord>()
  readonly #localQueues: LocalQueues
  #isClosed = false

  private constructor(
    options: ShuffleEnvironmentOptions,
    context: NetworkContext,
    io: NetworkIo,
    ioBell: number,
  ) {
    this.#options = options
    this.context = context
    this.#io = io
    this.#ioBell = ioBell
    this.#registry = new QueueRegistry(context)
    this.#localQueues = new LocalQueues(this.#registry, options)
    this.#quotas = new BufferQuotas(options.numberOfSegments, context.doorbells)
    this.#blocking = new BlockingPartitions(options, context, this.#quotas)
  }

  static async start(options: ShuffleEnvironmentOptions): Promise<ShuffleEnvironment> {
    const context = NetworkContext.create({
      numberOfSegments: options.numberOfSegments,
      segmentBytes: options.segmentBytes ?? 32 * 1024,
      doorbellCapacity: options.doorbellCapacity ?? 8191,
      defer: options.defer,
    })
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

  /** @throws InsufficientNetworkBuffersError */
  createResultPartition(descriptor: ResultPartitionDescriptor): ResultPartitionHandle {
    this.#checkOpen()
    const { partitionId, numberOfSubpartitions } = descriptor
    assert(!this.#partitions.has(partitionId), `partition ${partitionId} exists already`)
    assert(numberOfSubpartitions > 0, 'a partition has at least one subpartition')
    if (descriptor.type === 'blocking') {
      assert(
        this.#blocking.get(partitionId) === undefined,
        `partition ${partitionId} exists already`,
      )
      const handle = this.#blocking.create(descriptor, this.#registry.nextOwnerId())
      this.#io.registerPartition({ partitionId, queues: [], folder: handle.folder })
      return handle
    }
    const limits = this.#options.limits
    const maxPerSubpartition = limits?.maxBuffersPerSubpartition ?? 10
    const ownerName = descriptor.ownerName ?? partitionId
    const bell = this.context.doorbells.allocate()
    const quota = this.#reserve({
      owner: `the output of ${ownerName}`,
      min: numberOfSubpartitions + 1,
      max: numberOfSubpartitions * 2 + 8,
      bell,
    })
    const queues: QueueRecord[] = []
    for (let index = 0; index < numberOfSubpartitions; index++) {
      queues.push(this.#localQueues.ofProducer(partitionId, index))
    }
    const isBroadcast = descriptor.partitioner === 'BROADCAST' && numberOfSubpartitions > 1
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
      maxBuffersPerSubpartition: maxPerSubpartition,
      maxOverdraftBuffers: limits?.maxOverdraftBuffersPerGate ?? 5,
    }
    this.#partitions.set(partitionId, { handle, queues, quota })
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
    const { gateId } = descriptor
    assert(!this.#gates.has(gateId), `gate ${gateId} exists already`)
    const channels = descriptor.producers.flatMap(({ partitionId, location }, index) => {
      const range =
        descriptor.consumedSubpartitionsPerProducer?.[index] ?? descriptor.consumedSubpartitions
      return subpartitionsOf(range).map((subpartition) => ({ partitionId, location, subpartition }))
    })
    const isLocal = (location: DataLocation) => location.resourceId === this.#options.resourceId
    const remoteCount = channels.filter((channel) => !isLocal(channel.location)).length
    const ownerName = descriptor.ownerName ?? gateId
    const quota = this.#reserveForGate(ownerName, remoteCount)

    const timers = new Set<CancelTimer>()
    const queues: (QueueRecord | undefined)[] = []
    const handles: InputChannelHandle[] = []
    const remote: RemoteChannel[] = []
    for (const { partitionId, subpartition, location } of channels) {
      const local = isLocal(location)
      const stored = local ? this.#blocking.get(partitionId) : undefined
      if (stored !== undefined) {
        const counters = new SharedArrayBuffer((CONSUMED + 3) * 8)
        const file = { folder: stored.folder, subpartition, counters }
        const channel = { partitionId, subpartition, peer: 'local', isLocal: true }
        queues.push(undefined)
        handles.push({ ...channel, queue: undefined, file })
        continue
      }
      const record = local
        ? this.#localQueues.ofConsumer(
            { partitionId, subpartition, existing: this.#partitions.get(partitionId)?.queues },
            timers,
          )
        : this.#registry.create({ producer: 'open', consumer: 'open' })
      if (!local) remote.push({ location, partitionId, subpartition, queue: record.handle })
      const peer = local
        ? 'local'
        : `${location.host}:${location.dataPort} (${location.resourceId})`
      queues.push(record)
      handles.push({ partitionId, subpartition, peer, isLocal: local, queue: record.handle })
    }
    const bell = this.context.doorbells.allocate()
    const handle: InputGateHandle = { gateId, ownerName, bell, channels: handles }
    this.#gates.set(gateId, { handle, queues, timers, quota })
    if (quota !== undefined) {
      this.#io.openGate({
        gateId,
        exclusiveBuffersPerChannel: this.#options.limits?.buffersPerChannel ?? 2,
        quota: quota.control,
        channels: remote,
      })
    }
    return handle
  }

  /**
   * The partitions' producers are done, and their threads do not touch them any more. Consumers may
   * read on to the end of a partition that has one; otherwise they fail. Unknown ids are ignored.
   */
  releasePartitions(partitionIds: readonly string[]): void {
    const released: PartitionRecord[] = []
    for (const partitionId of partitionIds) {
      const stored = this.#blocking.get(partitionId)
      if (stored !== undefined) {
        this.#blocking.release(stored)
        void this.#io.releasePartitions([partitionId])
      }
      const partition = this.#partitions.get(partitionId)
      if (partition === undefined) continue
      this.#partitions.delete(partitionId)
      for (const queue of partition.queues) {
        this.#registry.closeProducer(queue, 'its producer ended before the end of its data')
      }
      partition.quota.release()
      this.context.doorbells.free(partition.handle.bell)
      released.push(partition)
    }
    if (released.length === 0) return
    const ids = released.map(({ handle }) => handle.partitionId)
    void this.#io.releasePartitions(ids).then(() => {
      this.#registry.reclaim(released.flatMap(({ queues }) => queues))
    })
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
    const gate = this.#gates.get(gateId)
    if (gate === undefined) return
    this.#gates.delete(gateId)
    for (const cancel of gate.timers) cancel()
    for (const [index, queue] of gate.queues.entries()) {
      if (queue === undefined) continue
      const { partitionId, subpartition, isLocal } = gate.handle.channels[index]!
      this.#registry.closeConsumer(queue)
      if (isLocal) this.#localQueues.forget(partitionId, subpartition, queue)
    }
    this.context.doorbells.free(gate.handle.bell)
    void this.#io.closeGate(gateId).then(() => {
      for (const [index, queue] of gate.queues.entries()) {
        if (queue !== undefined && !gate.handle.channels[index]!.isLocal) queue.producer = 'closed'
      }
      gate.quota?.release()
      this.#registry.reclaim(gate.queues.filter((queue) => queue !== undefined))
    })
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
    return this.#partitions.get(partitionId)?.queues.map((queue, subpartition) => {
      const isLocal = queue.consumer !== 'none'
      const peer = isLocal ? 'local' : 'remote'
      return { ...queue.memory.produced(), partitionId, subpartition, isLocal, peer }
    })
  }

  /** What the gate has read per channel; undefined if there is no such gate. */
  gateMetrics(gateId: string): readonly ChannelMetrics[] | undefined {
    const gate = this.#gates.get(gateId)
    return gate?.queues.map((queue, index) => {
      const { partitionId, subpartition, isLocal, peer } = gate.handle.channels[index]!
      const counters =
        queue?.memory.consumed() ?? countersOf(gate.handle.channels[index]!.file!.counters)
      return { ...counters, partitionId, subpartition, isLocal, peer }
    })
  }

  /** Ends all connections and releases everything. Tasks must have ended. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const gateId of [...this.#gates.keys()]) this.closeInputGate(gateId)
    this.releasePartitions([...this.#partitions.keys()])
    this.#blocking.close()
    await this.#io.close()
    this.context.doorbells.free(this.#ioBell)
  }

  #reserve(options: { owner: string; min: number; max: number; bell: number }): BufferQuota {
    try {
      return this.#quotas.reserve(options)
    } catch (error) {
      this.context.doorbells.free(options.bell)
      throw error
    }
  }

  #reserveForGate(ownerName: string, remoteCount: number): BufferQuota | undefined {
    if (remoteCount === 0) return undefined
    const exclusive = remoteCount * (this.#options.limits?.buffersPerChannel ?? 2)
    return this.#quotas.reserve({
      owner: `the input of ${ownerName}`,
      min: exclusive + 1,
      max: exclusive + Math.max(1, this.#options.limits?.floatingBuffersPerGate ?? 8),
      bell: this.#ioBell,
    })
  }

  #checkOpen(): void {
    assert(!this.#isClosed, 'the shuffle environment is closed')
  }
}

function countersOf(memory: SharedArrayBuffer): ChannelCounters {
  const values = new Float64Array(memory, CONSUMED * 8)
  return { numRecords: values[0]!, numBytes: values[1]!, numBuffers: values[2]! }
}

function subpartitionsOf({ first, last }: SubpartitionRange): number[] {
  assert(first >= 0 && last >= first, `subpartitions ${first} to ${last} are no range`)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
