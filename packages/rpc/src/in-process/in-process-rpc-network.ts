import assert from 'node:assert/strict'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import { type ConnectionWatcher, ConnectionWatchers } from '../in-memory/connection-watchers.js'
import {
  InMemoryRpcService,
  type InMemoryRpcServiceOptions,
} from '../in-memory/in-memory-rpc-service.js'
import type { NetworkNode, RpcNetwork } from '../in-memory/rpc-network.js'
import type { OutgoingInvocation } from '../invocation/invocation.js'
import type { PendingCall } from '../invocation/pending-calls.js'

/**
 * Connects RPC services of one Node process, for a MiniCluster and for tests. Messages are encoded
 * and validated as on a real wire and delivered in a later microtask; no timer is needed, so that
 * calls work on a `ManualClock` that stands still.
 */
export class InProcessRpcNetwork implements RpcNetwork {
  readonly #nodes = new Map<string, NetworkNode>()
  readonly #watchers = new ConnectionWatchers()

  createService(options: InMemoryRpcServiceOptions): InMemoryRpcService {
    return new InMemoryRpcService(this, options)
  }

  /** @internal */
  attach(node: NetworkNode): void {
    assert(!this.#nodes.has(node.address), `RPC address ${node.address} is taken once`)
    this.#nodes.set(node.address, node)
  }

  /** @internal */
  detach(node: NetworkNode): void {
    if (this.#nodes.get(node.address) !== node) return
    this.#nodes.delete(node.address)
    for (const watcher of this.#watchers.of(node.address)) {
      this.#tellLost(watcher, 'the peer closed the connection')
    }
  }

  /** @internal */
  send(_from: NetworkNode, to: string, invocation: OutgoingInvocation, call: PendingCall): void {
    queueMicrotask(() => {
      const node = this.#nodes.get(to)
      if (node === undefined) {
        call.failUnreachable(`connection refused, nothing listens at ${to}`)
      } else {
        void node.dispatch(invocation).then((reply) => call.resolve(reply))
      }
    })
  }

  /** @internal */
  watch(from: NetworkNode, to: string, listener: (reason: Error) => void): () => void {
    const watcher = { from, to, listener }
    const remove = this.#watchers.add(watcher)
    if (!this.#nodes.has(to)) this.#tellLost(watcher, 'connection refused')
    return remove
  }

  #tellLost(watcher: ConnectionWatcher, reason: string): void {
    queueMicrotask(() => {
      if (!this.#watchers.has(watcher)) return
      watcher.listener(
        new RecipientUnreachableError({ target: `connection to ${watcher.to}`, reason }),
      )
    })
  }
}
