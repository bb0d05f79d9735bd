import { type Clock, hostAndPort, type Logger } from '@flink-ts/core'
import type { TransportSecurity } from '@flink-ts/core/security'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import type { FencingToken } from '../fencing-token.js'
import type { GatewayDefinition } from '../gateway-definition.js'
import { EndpointRegistry } from '../invocation/endpoint-registry.js'
import { gatewayProxy } from '../invocation/gateway-proxy.js'
import type { OutgoingInvocation, Reply } from '../invocation/invocation.js'
import { PendingCalls } from '../invocation/pending-calls.js'
import { DEFAULT_CALL_TIMEOUT_MS, DEFAULT_MAX_MESSAGE_BYTES } from '../rpc-defaults.js'
import type { RpcServer, RpcService, ServerOptions } from '../rpc-service.js'
import type { CallLimits } from './call-window.js'
import type { GrpcModule } from './grpc-module.js'
import { GrpcPeer } from './grpc-peer.js'
import { type RunningGrpcServer, type ServingLimits, startGrpcServer } from './grpc-server.js'
import { SecuredChannels } from './secured-channel-credentials.js'
import { REPLY_OVERHEAD_BYTES } from './wire.js'

export interface GrpcRpcServiceOptions {
  /** Where to listen; 127.0.0.1 unless told otherwise. */
  bindHost?: string
  /** A port, or ranges such as `50100-50200,6123` tried in order; `0` (default) is any free port. */
  bindPorts?: string
  /** The host that peers connect to; default `bindHost`. */
  advertisedHost?: string
  /** The port that peers connect to, when it is not the one bound (port forwarding). */
  advertisedPort?: number
  clock: Clock
  log: Logger
  /** `pekko.ask.timeout`, default 10 s. */
  defaultTimeoutMs?: number
  /** `pekko.framesize`, default 10 MiB. */
  maxMessageBytes?: number
  /** An idle connection is probed this often, and lost when a probe goes unanswered as long. Default 10 s. */
  keepAliveMs?: number
  /** Secret and certificates of the cluster. Absent: everybody is believed, as among services of one test. */
  security?: TransportSecurity
  /** What each peer may have of this service at a time, on the calling side. */
  callLimits?: CallLimits
  /** What this service answers at a time. */
  servingLimits?: ServingLimits
}

const MIB = 1024 * 1024

/** What waits is what a burst of deployments needs; what is on its way is what a connection keeps busy. */
const DEFAULT_CALL_LIMITS: CallLimits = {
  maxCalls: 1024,
  maxBytes: 64 * MIB,
  maxWaitingCalls: 100_000,
  maxWaitingBytes: 256 * MIB,
}

const DEFAULT_SERVING_LIMITS: ServingLimits = { maxCalls: 100_000, maxBytes: 512 * MIB }

/** Streams of one connection: more than a caller of this release begins. */
const MAX_CONCURRENT_STREAMS = 2048

/** How long `close` waits for peers to let go of their connections. */
const CLOSE_GRACE_MS = 500

/** RPC between processes: one unary gRPC method that carries all calls, one channel per peer. */
export class GrpcRpcService implements RpcService {
  readonly address: string
  readonly #grpc: GrpcModule
  readonly #options: GrpcRpcServiceOptions
  readonly #server: RunningGrpcServer
  readonly #channels: SecuredChannels | undefined
  /** Calls to the own address. */
  readonly #ownCalls: PendingCalls
  readonly #registry: EndpointRegistry
  readonly #defaultTimeoutMs: number
  readonly #maxMessageBytes: number
  readonly #peers = new Map<string, GrpcPeer>()
  #closed: Promise<void> | undefined

  /**
   * Loads gRPC and listens.
   *
   * @throws PortInUseError, RpcBindError, InvalidPortRangeError
   */
  static async start(options: GrpcRpcServiceOptions): Promise<GrpcRpcService> {
    const grpc = (await import('@grpc/grpc-js')).default as GrpcModule
    // What it prints to the console by itself also reaches us as an error.
    grpc.setLogVerbosity(grpc.logVerbosity.NONE)
    const maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
    const { clock, log } = options
    const registry = new EndpointRegistry({ maxMessageBytes, log })
    const bindHost = options.bindHost ?? '127.0.0.1'
    const server = await startGrpcServer({
      grpc,
      host: bindHost,
      ports: options.bindPorts ?? '0',
      security: options.security,
      serverOptions: {
        ...channelOptions(options, maxMessageBytes),
        'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
      },
      limits: options.servingLimits ?? DEFAULT_SERVING_LIMITS,
      registry,
      clock,
      log,
    })
    const host = options.advertisedHost ?? bindHost
    const address = hostAndPort(host, options.advertisedPort ?? server.port)
    return new GrpcRpcService(grpc, options, server, registry, address)
  }

  private constructor(
    grpc: GrpcModule,
    options: GrpcRpcServiceOptions,
    server: RunningGrpcServer,
    registry: EndpointRegistry,
    address: string,
  ) {
    this.#grpc = grpc
    this.#options = options
    this.#server = server
    this.#registry = registry
    this.address = address
    this.#ownCalls = new PendingCalls(options.clock)
    const { security, clock, log } = options
    this.#channels =
      security && new SecuredChannels({ grpc, security, name: `RPC ${address}`, clock, log })
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES
  }

  startServer<G extends object>(options: ServerOptions<G>): RpcServer {
    return this.#registry.register(options)
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
    if (this.#closed !== undefined || address === this.address) return () => {}
    return this.#peer(address).onConnectionLost(listener)
  }

  close(): Promise<void> {
    this.#closed ??= this.#doClose()
    return this.#closed
  }

  async #send(address: string, invocation: OutgoingInvocation, timeoutMs: number): Promise<Reply> {
    if (this.#closed !== undefined) {
      const reason = 'this RPC service was closed'
      throw new RecipientUnreachableError({ target: invocation.target, reason })
    }
    if (address === this.address) return await this.#sendToOwn(invocation, timeoutMs)
    return await this.#peer(address).call(invocation, timeoutMs)
  }

  /** The same contract without a socket: encoded, in a later turn, at most once, with a deadline. */
  #sendToOwn(invocation: OutgoingInvocation, timeoutMs: number): Promise<Reply> {
    const call = this.#ownCalls.start(invocation.target, timeoutMs)
    queueMicrotask(() => {
      void this.#registry.dispatch(invocation, 'this process').then((reply) => call.resolve(reply))
    })
    return call.reply
  }

  #peer(address: string): GrpcPeer {
    let peer = this.#peers.get(address)
    if (peer === undefined) {
      const created = new GrpcPeer({
        grpc: this.#grpc,
        address,
        credentials:
          this.#channels?.credentials(address) ?? this.#grpc.credentials.createInsecure(),
        channelOptions: channelOptions(this.#options, this.#maxMessageBytes),
        maxMessageBytes: this.#maxMessageBytes,
        limits: this.#options.callLimits ?? DEFAULT_CALL_LIMITS,
        clock: this.#options.clock,
        refusedBecause: () => this.#channels?.refusedBecause(address),
        onUnused: () => {
          this.#peers.delete(address)
          this.#channels?.forget(address)
          created.close()
        },
      })
      peer = created
      this.#peers.set(address, peer)
    }
    return peer
  }

  async #doClose(): Promise<void> {
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
    this.#ownCalls.failAll('this RPC service was closed')
    this.#registry.close()
    await this.#server.close(CLOSE_GRACE_MS)
  }
}

function channelOptions(
  options: GrpcRpcServiceOptions,
  maxMessageBytes: number,
): Record<string, number> {
  const keepAliveMs = options.keepAliveMs ?? 10_000
  return {
    // Somewhat more than the limit, so that our own check words the error wherever it can.
    'grpc.max_receive_message_length': maxMessageBytes + REPLY_OVERHEAD_BYTES + 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': keepAliveMs,
    'grpc.keepalive_timeout_ms': keepAliveMs,
    'grpc.keepalive_permit_without_calls': 1,
    // At most once: no retry behind our back, not even a transparent one.
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    // http_proxy is for the web; cluster traffic stays in the cluster.
    'grpc.enable_http_proxy': 0,
    // A peer that was restarted must be reachable soon, and READY → IDLE always mean a loss.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.client_idle_timeout_ms': 0x7fff_ffff,
    // Subchannels shared between services of one process would share their failures.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
  }
}
