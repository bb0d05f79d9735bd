import type { RemoteGate } from '../environment/network-io.js'
import type { ChannelReceiver } from './channel-receiver.js'

/** What is to be told to a channel's producer. */
export interface GateGrants {
  onCredit(channel: ChannelReceiver, credit: number): void
  onBufferSize(channel: ChannelReceiver, bytes: number): void
}

/** Divides a gate's buffers among its remote channels: that is their credit. */
export class GateReceiver {
  readonly gateId: string
  readonly #exclusive: number
  readonly #quota: Int32Array
  readonly #channels = new Set<ChannelReceiver>()

  constructor(gate: RemoteGate) {
    this.gateId = gate.gateId
    this.#exclusive = gate.exclusiveBuffersPerChannel
    this.#quota = new Int32Array(gate.quota)
  }

  add(channel: ChannelReceiver): void {
    this.#channels.add(channel)
  }

  get channels(): ReadonlySet<ChannelReceiver> {
    return this.#channels
  }

  /**
   * Takes segments for the channels that may have more, and says how many more each got.
   * Tells consumers of what came for them.
   * @returns whether all was done; false when the pool had no segment
   */
  grant(grants: GateGrants): boolean {
    let floating = this.#freeFloating()
    let isComplete = true
    for (const channel of this.#channels) {
      const isEnded = channel.drain()
      channel.ring()
      if (isEnded) {
        this.#channels.delete(channel)
        continue
      }
      let inUse = channel.inUse
      let credit = 0
      for (;;) {
        const isExclusive = inUse < this.#exclusive
        if (!isExclusive && (floating <= 0 || channel.heldSegments >= channel.backlog)) break
        if (!channel.hold()) {
          isComplete = false
          break
        }
        inUse++
        credit++
        if (!isExclusive) floating--
      }
      if (credit > 0) grants.onCredit(channel, credit)
      const bytes = channel.takeBufferSize()
      if (bytes !== undefined) grants.onBufferSize(channel, bytes)
    }
    return isComplete
  }

  close(): void {
    for (const channel of this.#channels) channel.close()
    this.#channels.clear()
  }

  #freeFloating(): number {
    let floating = Atomics.load(this.#quota, 0) - this.#exclusive * this.#channels.size
    for (const channel of this.#channels) floating -= Math.max(0, channel.inUse - this.#exclusive)
    return floating
  }
}
