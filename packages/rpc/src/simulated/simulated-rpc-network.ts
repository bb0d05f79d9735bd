import assert from 'node:assert/strict'
import type { CancelTimer, Clock, Random } from '@flink-ts/core'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import { type ConnectionWatcher, ConnectionWatchers } from '../in-memory/connection-watchers.js'
import {
  InMemoryRpcService,
  type InMemoryRpcServiceOptions,
} from '../in-memory/in-memory-rpc-service.js'
import type { NetworkNode, RpcNetwork } from '../in-memory/rpc-network.js'
import type { OutgoingInvocation, Reply } from '../invocation/invocation.js'
import type { PendingCall } from '../invocation/pending-calls.js'
import type { CallFacts, SimulatedNetworkEvent } from './simulated-network-event.js'
import { type SimulatedNetworkPolicy, uniformPolicy } from './simulated-network-policy.js'

export interface SimulatedRpcNetworkOptions {
  /** Virtual time of the network itself; services may have clocks of their own. */
  clock: Clock
  /** All chance of the network; the same seed and the same calls give the same events. */
  random: Random
  /** Default: 1 to 5 ms, nothing lost. Exchange it at any time through `policy`. */
  policy?: SimulatedNetworkPolicy
  /** Hears of everything that happens, as it happens. It must not call the network. */
  onEvent?: (event: SimulatedNetworkEvent) => void
}

/** A call that has been sent, with the promise of its caller. */
interface SentCall {
  readonly facts: CallFacts
  /** The process that called; another one may be at its address by the time of the reply. */
  readonly caller: NetworkNode
  readonly call: PendingCall
}

/**
 * A network on virtual time that does whatever the RPC contract allows, and more: it delays, reorders,
 * loses and repeats messages, partitions addresses (each direction apart) and crashes processes.
 * Messages within one address take a turn of the clock and are neither lost nor repeated.
 */
export class SimulatedRpcNetwork implements RpcNetwork {
  policy: SimulatedNetworkPolicy
  readonly #clock: Clock
  readonly #random: Random
  readonly #onEvent: (event: SimulatedNetworkEvent) => void
  readonly #nodes = new Map<string, NetworkNode>()
  readonly #watchers = new ConnectionWatchers()
  readonly #blocked = new Set<string>()
  /** By destination: what to reset when it goes. */
  readonly #inFlight = new Map<NetworkNode, Set<SentCall>>()
  readonly #timers = new Set<CancelTimer>()
  #nextCallId = 0
  #closed = false

  constructor(options: SimulatedRpcNetworkOptions) {
    this.#clock = options.clock
    this.#random = options.random
    this.policy = options.policy ?? uniformPolicy({ minDelayMs: 1, maxDelayMs: 5 })
    this.#onEvent = options.onEvent ?? (() => {})
  }

  /** Starts the RPC service of one simulated process. */
  createService(options: InMemoryRpcServiceOptions): InMemoryRpcService {
    return new InMemoryRpcService(this, options)
  }

  /**
   * Kills the process at `address`: its main threads stop with their timers, its calls never
   * return. Peers see broken connections after a network delay, or nothing at all if `silent` (a
   * machine that lost its power). The address may be used by a new service at once.
   */
  crash(address: string, options?: { silent?: boolean }): void {
    const node = this.#nodes.get(address)
    assert(node instanceof InMemoryRpcService, `a process to crash is at ${address}`)
    const silent = options?.silent ?? false
    this.#emit({ kind: 'crash', address, silent })
    node.crash()
    this.#remove(node, silent ? 'silent' : 'reset')
  }

  /** From now on nothing passes `from` → `to`, neither requests nor replies; silently. */
  block(from: string, to: string): void {
    this.#blocked.add(linkKey(from, to))
    this.#emit({ kind: 'partition', from, to })
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(linkKey(from, to))
    this.#emit({ kind: 'heal', from, to })
  }

  /** Blocks both directions between each address of one side and each of the other. */
  partition(side: readonly string[], otherSide: readonly string[]): void {
    for (const a of side) {
      for (const b of otherSide) {
        this.block(a, b)
        this.block(b, a)
      }
    }
  }

  /** Ends all partitions. */
  heal(): void {
    for (const key of [...this.#blocked]) {
      const [from, to] = key.split(' ') as [string, string]
      this.unblock(from, to)
    }
  }

  /** Drops everything that is on the way and cancels its timers; close the services first. */
  close(): void {
    this.#closed = true
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  /** @internal */
  attach(node: NetworkNode): void {
    const { address } = node
    assert(/^\S+$/.test(address), `RPC address "${address}" has no spaces`)
    assert(!this.#nodes.has(address), `RPC address ${address} is taken once`)
    this.#nodes.set(address, node)
    this.#emit({ kind: 'attach', address })
  }

  /** @internal */
  detach(node: NetworkNode): void {
    if (this.#nodes.get(node.address) !== node) return
    this.#emit({ kind: 'detach', address: node.address })
    this.#remove(node, 'closed')
  }

  /** @internal */
  send(from: NetworkNode, to: string, invocation: OutgoingInvocation, call: PendingCall): void {
    const { endpointId, method, payload } = invocation
    const facts = { callId: this.#nextCallId++, from: from.address, to, endpointId, method }
    const sent = { facts, caller: from, call }
    this.#emit({ kind: 'send', ...facts, payload })
    const dropped = this.#drops(facts.from, to, () => this.policy.losesRequest(facts, this.#random))
    if (dropped !== undefined) {
      this.#emit({ kind: 'drop-request', reason: dropped, ...facts })
      return
    }
    this.#travel(facts.from, to, () => this.#arrive(sent, invocation))
  }

  /** @internal */
  watch(from: NetworkNode, to: string, listener: (reason: Error) => void): () => void {
    const watcher = { from, to, listener }
    const remove = this.#watchers.add(watcher)
    if (!this.#nodes.has(to)) this.#tellLost(watcher, 'connection refused')
    return remove
  }

  #arrive(sent: SentCall, invocation: OutgoingInvocation): void {
    const { from, to } = sent.facts
    if (this.#isBlocked(from, to)) {
      this.#emit({ kind: 'drop-request', reason: 'partition', ...sent.facts })
      return
    }
    const node = this.#nodes.get(to)
    if (node === undefined) {
      this.#emit({ kind: 'refuse', ...sent.facts })
      this.#reset(sent, `connection refused, nothing listens at ${to}`)
      return
    }
    this.#emit({ kind: 'deliver', ...sent.facts })
    const inFlight = this.#inFlight.get(node) ?? new Set()
    this.#inFlight.set(node, inFlight)
    inFlight.add(sent)
    if (from !== to && this.policy.duplicatesRequest?.(sent.facts, this.#random) === true) {
      this.#travel(from, to, () => this.#arriveAgain(sent, invocation, node))
    }
    void node.dispatch(invocation).then((reply) => {
      // Gone when the process crashed: whatever its remains compute must not leave it.
      if (inFlight.delete(sent)) this.#sendReply(sent, reply)
    })
  }

  /** Only at the same process: a new one at the address would be a connection of its own. */
  #arriveAgain({ facts }: SentCall, invocation: OutgoingInvocation, node: NetworkNode): void {
    if (this.#nodes.get(facts.to) !== node || this.#isBlocked(facts.from, facts.to)) return
    this.#emit({ kind: 'deliver-duplicate', ...facts })
    void node.dispatch(invocation)
  }

  #sendReply(sent: SentCall, reply: Reply): void {
    const { from, to } = sent.facts
    this.#emit({ kind: 'reply', ...sent.facts, outcome: reply.kind, payload: reply.payload })
    const message = { ...sent.facts, from: to, to: from }
    const dropped = this.#drops(to, from, () => this.policy.losesResponse(message, this.#random))
    if (dropped !== undefined) {
      this.#emit({ kind: 'drop-reply', reason: dropped, ...sent.facts })
      return
    }
    this.#travelBack(sent, () => {
      this.#emit({ kind: 'deliver-reply', ...sent.facts })
      sent.call.resolve(reply)
    })
  }

  #remove(node: NetworkNode, manner: 'closed' | 'reset' | 'silent'): void {
    this.#nodes.delete(node.address)
    const inFlight = this.#inFlight.get(node)
    // A service that closes in order still answers its calls; a crashed one does not.
    if (manner !== 'closed' && inFlight !== undefined) {
      const calls = [...inFlight]
      inFlight.clear()
      if (manner === 'reset') {
        for (const sent of calls) this.#reset(sent, 'the connection was reset')
      }
    }
    this.#inFlight.delete(node)
    if (manner === 'silent') return
    for (const watcher of this.#watchers.of(node.address)) {
      this.#tellLost(watcher, 'the connection was closed by the peer')
    }
  }

  #reset(sent: SentCall, reason: string): void {
    if (this.#isBlocked(sent.facts.to, sent.facts.from)) return
    this.#travelBack(sent, () => {
      this.#emit({ kind: 'reset', ...sent.facts })
      sent.call.failUnreachable(reason)
    })
  }

  /** Carries a reply, or the news that there is none, unless the caller cannot be reached then. */
  #travelBack(sent: SentCall, arrive: () => void): void {
    const { from, to } = sent.facts
    this.#travel(to, from, () => {
      const dead = this.#nodes.get(from) !== sent.caller
      if (dead || this.#isBlocked(to, from)) {
        this.#emit({ kind: 'drop-reply', reason: dead ? 'dead' : 'partition', ...sent.facts })
      } else {
        arrive()
      }
    })
  }

  #tellLost(watcher: ConnectionWatcher, reason: string): void {
    const { from, to } = watcher
    this.#travel(to, from.address, () => {
      if (!this.#watchers.has(watcher) || this.#isBlocked(to, from.address)) return
      this.#emit({ kind: 'connection-lost', from: from.address, to })
      watcher.listener(new RecipientUnreachableError({ target: `connection to ${to}`, reason }))
    })
  }

  #travel(from: string, to: string, arrive: () => void): void {
    if (this.#closed) return
    const delayMs = from === to ? 0 : this.policy.delayMs({ from, to }, this.#random)
    const cancel = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(cancel)
      arrive()
    })
    this.#timers.add(cancel)
  }

  #drops(from: string, to: string, loses: () => boolean): 'partition' | 'lost' | undefined {
    if (from === to) return undefined
    if (this.#isBlocked(from, to)) return 'partition'
    return loses() ? 'lost' : undefined
  }

  #isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(linkKey(from, to))
  }

  #emit(event: DistributiveOmit<SimulatedNetworkEvent, 'atMs'>): void {
    this.#onEvent({ atMs: this.#clock.now(), ...event } as SimulatedNetworkEvent)
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function linkKey(from: string, to: string): string {
  return `${from} ${to}`
}
