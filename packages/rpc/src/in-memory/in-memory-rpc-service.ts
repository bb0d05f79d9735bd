import type { Clock } from '@flink-ts/core'
import type { MainThreadExecutor } from '../endpoint/main-thread-executor.js'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import type { FencingToken } from '../fencing-token.js'
import type { GatewayDefinition } from '../gateway-definition.js'
import { EndpointRegistry } from '../invocation/endpoint-registry.js'
import { gatewayProxy } from '../invocation/gateway-proxy.js'
import type { Invocation, OutgoingInvocation, Reply } from '../invocation/invocation.js'
import { PendingCalls } from '../invocation/pending-calls.js'
import { DEFAULT_CALL_TIMEOUT_MS, DEFAULT_MAX_MESSAGE_BYTES } from '../rpc-defaults.js'
import type { RpcServer, RpcService, ServerOptions } from '../rpc-service.js'
import type { RpcNetwork } from './rpc-network.js'

export interface InMemoryRpcServiceOptions {
  /** `host:port`, unique in its network; nothing listens there. */
  address: string
  clock: Clock
  /** `pekko.ask.timeout`, default 10 s. */
  defaultTimeoutMs?: number
  /** `pekko.framesize`, default 10 MiB. */
  maxMessageBytes?: number
}

/**
 * The service of one (simulated) process whose peers live in the same Node process. Made by
 * `InProcessRpcNetwork` or `SimulatedRpcNetwork`.
 */
export class InMemoryRpcService implements RpcService {
  readonly address: string
  readonly #network: RpcNetwork
  readonly #registry: EndpointRegistry
  readonly #pending: PendingCalls
  readonly #defaultTimeoutMs: number
  readonly #maxMessageBytes: number
  readonly #mainThreads = new Set<MainThreadExecutor>()
  readonly #unwatch = new Set<() => void>()
  #state: 'open' | 'closed' | 'crashed' = 'open'

  constructor(network: RpcNetwork, options: InMemoryRpcServiceOptions) {
    this.address = options.address
    this.#network = network
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
    this.#registry = new EndpointRegistry({ maxMessageBytes: this.#maxMessageBytes })
    this.#pending = new PendingCalls(options.clock)
    network.attach(this)
  }

  startServer<G extends object>(options: ServerOptions<G>): RpcServer {
    this.#mainThreads.add(options.mainThread)
    const server = this.#registry.register(options)
    return {
      stopAccepting: () => server.stopAccepting(),
      close: () => {
        this.#mainThreads.delete(options.mainThread)
        return server.close()
      },
    }
  }

  connect<G extends object>(
    address: string,
    endpointId: string,
    definition: GatewayDefinition<G>,
    options?: { fencingToken?: FencingToken },
  ): G {
    return gatewayProxy({
      address,
      endpointId,
      definition,
      fencingToken: options?.fencingToken,
      defaultTimeoutMs: this.#defaultTimeoutMs,
      maxMessageBytes: this.#maxMessageBytes,
      send: (invocation, timeoutMs) => this.#send(address, invocation, timeoutMs),
    })
  }

  onConnectionLost(address: string, listener: (reason: Error) => void): () => void {
    if (this.#state !== 'open' || address === this.address) return () => {}
    const unwatch = this.#network.watch(this, address, listener)
    this.#unwatch.add(unwatch)
    return () => {
      this.#unwatch.delete(unwatch)
      unwatch()
    }
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.#stopWatching()
    this.#pending.failAll('this RPC service was closed')
    this.#registry.close()
    this.#network.detach(this)
  }

  /**
   * Ends as a killed process does: main threads and deadlines stop, nobody here is told, no call
   * in flight is answered. Called by the network, which also cuts the connections.
   *
   * @internal
   */
  crash(): void {
    if (this.#state !== 'open') return
    this.#state = 'crashed'
    this.#stopWatching()
    this.#pending.abandonAll()
    for (const mainThread of this.#mainThreads) mainThread.close()
  }

  /** @internal Called by the network. */
  dispatch(invocation: Invocation): Promise<Reply> {
    return this.#registry.dispatch(invocation)
  }

  async #send(address: string, invocation: OutgoingInvocation, timeoutMs: number): Promise<Reply> {
    if (this.#state === 'closed') {
      throw new RecipientUnreachableError({
        target: invocation.target,
        reason: 'this RPC service was closed',
      })
    }
    // What a killed process still does must have no effect and get no answer.
    if (this.#state === 'crashed') return await new Promise<Reply>(() => {})
    const call = this.#pending.start(invocation.target, timeoutMs)
    this.#network.send(this, address, invocation, call)
    return await call.reply
  }

  #stopWatching(): void {
    for (const unwatch of this.#unwatch) unwatch()
    this.#unwatch.clear()
  }
}
