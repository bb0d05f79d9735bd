import type { Clock } from '@flink-ts/core'
import type { ChannelCredentials, Client, ClientUnaryCall, ServiceError } from '@grpc/grpc-js'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import { RpcMessageTooLargeError } from '../errors/rpc-message-too-large-error.js'
import { RpcTimeoutError } from '../errors/rpc-timeout-error.js'
import { RpcUnauthenticatedError } from '../errors/rpc-unauthenticated-error.js'
import type { OutgoingInvocation, Reply } from '../invocation/invocation.js'
import { type CallLimits, CallWindow } from './call-window.js'
import type { GrpcModule } from './grpc-module.js'
import { CALL_PATH, deserializeReply, writeInvocation } from './wire.js'

export interface GrpcPeerOptions {
  grpc: GrpcModule
  address: string
  credentials: ChannelCredentials
  channelOptions: Record<string, number>
  maxMessageBytes: number
  limits: CallLimits
  clock: Clock
  /** Why the last connection was not made, if the peer is not of this cluster. */
  refusedBecause: () => Error | undefined
  /** Called when the peer has neither a live connection nor anybody who needs it. */
  onUnused: () => void
}

/** The channel to one address, its calls in flight and those who watch its connection. */
export class GrpcPeer {
  readonly #options: GrpcPeerOptions
  readonly #client: Client
  readonly #channel: ReturnType<Client['getChannel']>
  readonly #window: CallWindow
  readonly #calls = new Set<ClientUnaryCall>()
  readonly #listeners = new Set<(reason: Error) => void>()
  #state: number
  #closed = false

  constructor(options: GrpcPeerOptions) {
    this.#options = options
    this.#window = new CallWindow(options.limits, options.clock)
    const { grpc } = options
    this.#client = new grpc.Client(options.address, options.credentials, options.channelOptions)
    this.#channel = this.#client.getChannel()
    this.#state = this.#channel.getConnectivityState(false)
    this.#watch()
  }

  async call(invocation: OutgoingInvocation, timeoutMs: number): Promise<Reply> {
    const { grpc, clock } = this.#options
    const deadlineMs = clock.now() + timeoutMs
    const { byteLength } = invocation.payload
    await this.#window.enter(byteLength, invocation.target, timeoutMs)
    const metadata = new grpc.Metadata()
    writeInvocation(invocation, metadata)
    return await new Promise<Reply>((resolve, reject) => {
      const call = this.#client.makeUnaryRequest<Uint8Array, Reply>(
        CALL_PATH,
        asBuffer,
        deserializeReply,
        invocation.payload,
        metadata,
        { deadline: deadlineMs },
        (error, reply) => {
          this.#calls.delete(call)
          this.#window.leave(byteLength)
          if (error !== null) reject(this.#callError(error, invocation, timeoutMs))
          else resolve(reply!)
          this.#releaseIfUnused()
        },
      )
      this.#calls.add(call)
    })
  }

  /** See `RpcService.onConnectionLost`. */
  onConnectionLost(listener: (reason: Error) => void): () => void {
    // The same function may be given twice, and each subscription ends by itself.
    const subscription = (reason: Error) => listener(reason)
    this.#listeners.add(subscription)
    this.#channel.getConnectivityState(true)
    return () => {
      this.#listeners.delete(subscription)
      this.#releaseIfUnused()
    }
  }

  /** Fails the calls in flight. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listeners.clear()
    const target = `a call to ${this.#options.address}`
    const reason = 'this RPC service was closed'
    this.#window.close(new RecipientUnreachableError({ target, reason }))
    for (const call of this.#calls) call.cancel()
    this.#client.close()
  }

  #watch(): void {
    this.#channel.watchConnectivityState(this.#state, Number.POSITIVE_INFINITY, () => {
      if (this.#closed) return
      const { IDLE, READY, TRANSIENT_FAILURE } = this.#options.grpc.connectivityState
      const previous = this.#state
      this.#state = this.#channel.getConnectivityState(false)
      // The watch comes first: a listener may close this peer.
      this.#watch()
      const refused = this.#state === TRANSIENT_FAILURE && previous !== TRANSIENT_FAILURE
      if (refused || (previous === READY && this.#state === IDLE)) {
        this.#tellLost(refused ? 'connection refused' : 'the connection was lost')
      }
    })
  }

  #tellLost(reason: string): void {
    const error = new RecipientUnreachableError({
      target: `connection to ${this.#options.address}`,
      reason,
    })
    for (const listener of [...this.#listeners]) listener(error)
    this.#releaseIfUnused()
  }

  #releaseIfUnused(): void {
    const { READY } = this.#options.grpc.connectivityState
    if (this.#closed || this.#state === READY) return
    if (this.#window.isEmpty && this.#listeners.size === 0) this.#options.onUnused()
  }

  #callError(error: ServiceError, invocation: OutgoingInvocation, timeoutMs: number): Error {
    const { target } = invocation
    const { status } = this.#options.grpc
    switch (error.code) {
      case status.DEADLINE_EXCEEDED:
        return new RpcTimeoutError({ target, timeoutMs })
      case status.CANCELLED:
        return new RecipientUnreachableError({
          target,
          reason: this.#closed ? 'this RPC service was closed' : error.details,
          cause: error,
        })
      case status.RESOURCE_EXHAUSTED:
        return new RpcMessageTooLargeError({
          subject: target,
          limitBytes: this.#options.maxMessageBytes,
        })
      case status.UNIMPLEMENTED:
        return new RecipientUnreachableError({
          target,
          reason: `what listens there is no flink-ts RPC service (${error.details})`,
          cause: error,
        })
      default: {
        const cause = this.#options.refusedBecause()
        if (cause !== undefined) return new RpcUnauthenticatedError({ target, cause })
        return new RecipientUnreachableError({
          target,
          reason: error.details || error.message,
          cause: error,
        })
      }
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
