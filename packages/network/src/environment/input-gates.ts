import assert from 'node:assert/strict'
import type { CancelTimer } from '@flink-ts/core'
import type { BlockingPartitionHandle } from '../blocking/blocking-result-partition.js'
import { type ChannelCounters, CONSUMED } from '../buffer/buffer-queue.js'
import {
  createDebloatingMemory,
  type DebloatingMetrics,
  debloatingMetrics,
} from '../gate/gate-debloater.js'
import type { InputChannelHandle, InputGateHandle } from '../gate/input-gate.js'
import type { BufferQuota, BufferQuotas } from './buffer-quotas.js'
import type { DataLocation, InputGateDescriptor, SubpartitionRange } from './descriptors.js'
import type { LocalQueues } from './local-queues.js'
import type { NetworkContext } from './network-context.js'
import type { NetworkIo, RemoteChannel } from './network-io.js'
import type { QueueRecord, QueueRegistry } from './queue-registry.js'
import type { ChannelMetrics, ShuffleEnvironmentOptions } from './shuffle-environment-options.js'

interface GateRecord {
  readonly handle: InputGateHandle
  /** Undefined: read from a file. */
  readonly queues: readonly (QueueRecord | undefined)[]
  readonly timers: Set<CancelTimer>
  readonly quota: BufferQuota | undefined
}

/** Finds the partitions that are here. */
export interface PartitionLookup {
  blocking(partitionId: string): BlockingPartitionHandle | undefined
  queues(partitionId: string): readonly QueueRecord[] | undefined
}

/** The input gates of one TaskManager. */
export class InputGates {
  readonly #options: ShuffleEnvironmentOptions
  readonly #context: NetworkContext
  readonly #io: NetworkIo
  readonly #ioBell: number
  readonly #registry: QueueRegistry
  readonly #localQueues: LocalQueues
  readonly #quotas: BufferQuotas
  readonly #lookup: PartitionLookup
  readonly #gates = new Map<string, GateRecord>()

  constructor(
    options: ShuffleEnvironmentOptions,
    parts: {
      context: NetworkContext
      io: NetworkIo
      ioBell: number
      registry: QueueRegistry
      localQueues: LocalQueues
      quotas: BufferQuotas
      lookup: PartitionLookup
    },
  ) {
    this.#options = options
    this.#context = parts.context
    this.#io = parts.io
    this.#ioBell = parts.ioBell
    this.#registry = parts.registry
    this.#localQueues = parts.localQueues
    this.#quotas = parts.quotas
    this.#lookup = parts.lookup
  }

  get ids(): readonly string[] {
    return [...this.#gates.keys()]
  }

  /** @throws InsufficientNetworkBuffersError */
  create(descriptor: InputGateDescriptor): InputGateHandle {
    const { gateId } = descriptor
    assert(!this.#gates.has(gateId), `gate ${gateId} exists already`)
    const wanted = channelsOf(descriptor)
    const isLocal = (location: DataLocation) => location.resourceId === this.#options.resourceId
    const remoteCount = wanted.filter(({ location }) => !isLocal(location)).length
    const ownerName = descriptor.ownerName ?? gateId
    const quota = this.#reserve(ownerName, remoteCount)

    const timers = new Set<CancelTimer>()
    const queues: (QueueRecord | undefined)[] = []
    const channels: InputChannelHandle[] = []
    const remote: RemoteChannel[] = []
    for (const { partitionId, subpartition, location } of wanted) {
      const channel = { partitionId, subpartition }
      if (!isLocal(location)) {
        const record = this.#registry.create({ producer: 'open', consumer: 'open' })
        const peer = `${location.host}:${location.dataPort} (${location.resourceId})`
        queues.push(record)
        channels.push({ ...channel, peer, isLocal: false, queue: record.handle })
        remote.push({ location, ...channel, queue: record.handle })
        continue
      }
      const stored = this.#lookup.blocking(partitionId)
      if (stored !== undefined) {
        const counters = new SharedArrayBuffer((CONSUMED + 3) * 8)
        const file = { folder: stored.folder, subpartition, counters }
        queues.push(undefined)
        channels.push({ ...channel, peer: 'local', isLocal: true, queue: undefined, file })
        continue
      }
      const existing = this.#lookup.queues(partitionId)
      const record = this.#localQueues.ofConsumer({ ...channel, existing }, timers)
      queues.push(record)
      channels.push({ ...channel, peer: 'local', isLocal: true, queue: record.handle })
    }
    const bell = this.#context.doorbells.allocate()
    const handle = { gateId, ownerName, bell, channels, ...this.#debloating() }
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

  /** The gate's thread does not touch it any more. Unknown ids are ignored. */
  close(gateId: string): void {
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
    this.#context.doorbells.free(gate.handle.bell)
    void this.#io.closeGate(gateId).then(() => {
      for (const [index, queue] of gate.queues.entries()) {
        if (queue !== undefined && !gate.handle.channels[index]!.isLocal) queue.producer = 'closed'
      }
      gate.quota?.release()
      this.#registry.reclaim(gate.queues.filter((queue) => queue !== undefined))
    })
  }

  /** What the gate has read per channel; undefined if there is no such gate. */
  metrics(gateId: string): readonly ChannelMetrics[] | undefined {
    const gate = this.#gates.get(gateId)
    return gate?.queues.map((queue, index) => {
      const { partitionId, subpartition, isLocal, peer, file } = gate.handle.channels[index]!
      const counters = queue?.memory.consumed() ?? countersOf(file!.counters)
      return { ...counters, partitionId, subpartition, isLocal, peer }
    })
  }

  debloatingMetrics(gateId: string): DebloatingMetrics | undefined {
    const debloating = this.#gates.get(gateId)?.handle.debloating
    return debloating && debloatingMetrics(debloating.metrics)
  }

  #debloating(): Pick<InputGateHandle, 'debloating'> {
    const settings = this.#options.limits?.debloating
    if (settings === undefined) return {}
    const { segmentBytes } = this.#context.pool
    const metrics = createDebloatingMemory()
    return { debloating: { ...settings, maxBytes: segmentBytes, metrics } }
  }

  #reserve(ownerName: string, remoteCount: number): BufferQuota | undefined {
    if (remoteCount === 0) return undefined
    const exclusive = remoteCount * (this.#options.limits?.buffersPerChannel ?? 2)
    return this.#quotas.reserve({
      owner: `the input of ${ownerName}`,
      min: exclusive + 1,
      max: exclusive + Math.max(1, this.#options.limits?.floatingBuffersPerGate ?? 8),
      bell: this.#ioBell,
    })
  }
}

function channelsOf(descriptor: InputGateDescriptor) {
  return descriptor.producers.flatMap(({ partitionId, location }, index) => {
    const range =
      descriptor.consumedSubpartitionsPerProducer?.[index] ?? descriptor.consumedSubpartitions
    return subpartitionsOf(range).map((subpartition) => ({ partitionId, location, subpartition }))
  })
}

function countersOf(memory: SharedArrayBuffer): ChannelCounters {
  const values = new Float64Array(memory, CONSUMED * 8)
  return { numRecords: values[0]!, numBytes: values[1]!, numBuffers: values[2]! }
}

function subpartitionsOf({ first, last }: SubpartitionRange): number[] {
  assert(first >= 0 && last >= first, `subpartitions ${first} to ${last} are no range`)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
