import type { DataLocation } from '../environment/descriptors.js'
import type {
  NetworkIo,
  NetworkIoWorld,
  RemoteGate,
  ServedPartition,
} from '../environment/network-io.js'
import type { DataConnection, DataListener, DataTransport } from '../transport/data-transport.js'
import type { Doorbell } from '../wakeup/doorbell.js'
import { ChannelReceiver } from './channel-receiver.js'
import { type GateGrants, GateReceiver } from './gate-receiver.js'
import { ReceivingConnection } from './receiving-connection.js'
import { ServedPartitions } from './served-partitions.js'
import { ServingConnection } from './serving-connection.js'

export interface InlineNetworkIoOptions {
  readonly transport: DataTransport
  /** Where to listen. Port 0: any. */
  readonly bindHost: string
  readonly port: number
}

/**
 * Serves this TaskManager's partitions and reads those of its peers, in the thread that made it. It
 * sleeps on its doorbell, which producers and consumers of its queues ring.
 */
export class InlineNetworkIo implements NetworkIo {
  readonly #world: NetworkIoWorld
  readonly #transport: DataTransport
  readonly #partitions: ServedPartitions
  readonly #doorbell: Doorbell
  readonly #serving = new Set<ServingConnection>()
  readonly #receiving = new Map<string, ReceivingConnection>()
  readonly #gates = new Map<string, GateReceiver>()
  // Weak: a channel that ended is forgotten by its gate and its connection.
  readonly #connectionOf = new WeakMap<ChannelReceiver, ReceivingConnection>()
  #listener: DataListener | undefined
  /** A gate could not get the segments that it may have. */
  #isPoolEmpty = false
  #isClosed = false

  private constructor(world: NetworkIoWorld, transport: DataTransport) {
    this.#world = world
    this.#transport = transport
    this.#partitions = new ServedPartitions({
      clock: world.clock,
      timeoutMs: world.partitionRequestTimeoutMs,
    })
    this.#doorbell = world.context.doorbells.doorbell(world.bell)
  }

  /** @throws DataPortError */
  static async start(
    world: NetworkIoWorld,
    options: InlineNetworkIoOptions,
  ): Promise<InlineNetworkIo> {
    const io = new InlineNetworkIo(world, options.transport)
    const address = { host: options.bindHost, port: options.port }
    io.#listener = await options.transport.listen(address, (connection) => io.#accept(connection))
    io.#onRing()
    return io
  }

  get dataPort(): number {
    return this.#listener?.port ?? 0
  }

  registerPartition(partition: ServedPartition): void {
    this.#partitions.register(partition)
  }

  async releasePartitions(partitionIds: readonly string[]): Promise<void> {
    const released = Promise.all(partitionIds.map((id) => this.#partitions.release(id)))
    // Unfinished ones have failed by now: tell those who read them.
    for (const connection of this.#serving) connection.pump()
    await released
  }

  openGate(gate: RemoteGate): void {
    const receiver = new GateReceiver(gate)
    this.#gates.set(gate.gateId, receiver)
    for (const remote of gate.channels) {
      const connection = this.#connectionTo(remote.location)
      const channel = new ChannelReceiver(connection.nextChannel(), remote, {
        ...this.#world,
        gate: receiver,
      })
      receiver.add(channel)
      this.#connectionOf.set(channel, connection)
      let credit = 0
      while (credit < gate.exclusiveBuffersPerChannel && channel.hold()) credit++
      connection.open(channel, credit)
    }
    this.#grant([receiver])
  }

  async closeGate(gateId: string): Promise<void> {
    const gate = this.#gates.get(gateId)
    if (gate === undefined) return
    this.#gates.delete(gateId)
    const cancelled = [...gate.channels].map(async (channel) => {
      await this.#connectionOf.get(channel)?.cancel(channel)
      this.#connectionOf.delete(channel)
    })
    gate.close()
    for (const connection of this.#receiving.values()) connection.flush()
    await Promise.all(cancelled)
  }

  failConnection(resourceId: string, reason: string): void {
    const cause = new Error(reason)
    for (const connection of [...this.#receiving.values()]) {
      if (connection.location.resourceId === resourceId) connection.close(cause)
    }
    for (const connection of this.#serving) {
      if (connection.resourceId === resourceId) connection.destroy(cause)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#doorbell.disarm()
    const cause = new Error('the TaskManager is closing')
    for (const connection of [...this.#receiving.values()]) connection.end()
    for (const connection of this.#serving) connection.destroy(cause)
    for (const gateId of [...this.#gates.keys()]) await this.closeGate(gateId)
    await this.#listener?.close()
  }

  #accept(connection: DataConnection): void {
    if (this.#isClosed) {
      connection.destroy()
      return
    }
    const serving = new ServingConnection(connection, {
      world: this.#world,
      partitions: this.#partitions,
      onClosed: (closed) => this.#serving.delete(closed),
    })
    this.#serving.add(serving)
  }

  #connectionTo(location: DataLocation): ReceivingConnection {
    const key = `${location.resourceId}@${location.host}:${location.dataPort}`
    const existing = this.#receiving.get(key)
    if (existing !== undefined) return existing
    const connection = new ReceivingConnection(location, {
      world: this.#world,
      transport: this.#transport,
      onData: (channels) => {
        this.#grant(new Set(Array.from(channels, (channel) => channel.gate)))
      },
      onClosed: () => this.#receiving.delete(key),
    })
    this.#receiving.set(key, connection)
    return connection
  }

  readonly #onRing = (): void => {
    if (this.#isClosed) return
    // Armed first: what changes from here on rings again.
    this.#doorbell.arm(this.#onRing)
    for (const connection of this.#serving) connection.pump()
    this.#isPoolEmpty = false
    this.#grant(this.#gates.values())
  }

  #grant(gates: Iterable<GateReceiver>): void {
    for (const gate of gates) {
      if (!gate.grant(this.#grants)) this.#isPoolEmpty = true
    }
    this.#world.context.doorbells.setPoolWaiter(this.#world.bell, this.#isPoolEmpty)
    for (const connection of this.#receiving.values()) connection.flush()
  }

  readonly #grants: GateGrants = {
    onCredit: (channel, credit) => this.#connectionOf.get(channel)?.addCredit(channel, credit),
    onBufferSize: (channel, bytes) =>
      this.#connectionOf.get(channel)?.announceBufferSize(channel, bytes),
  }
}

/** For `ShuffleEnvironmentOptions.io`: the connections share the environment's thread. */
export function inlineNetworkIo(
  options: InlineNetworkIoOptions,
): (world: NetworkIoWorld) => Promise<NetworkIo> {
  return (world) => InlineNetworkIo.start(world, options)
}
