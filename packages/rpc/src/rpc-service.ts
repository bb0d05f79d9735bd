import type { MainThreadExecutor } from './endpoint/main-thread-executor.js'
import type { FencingToken } from './fencing-token.js'
import type { GatewayDefinition } from './gateway-definition.js'

/** Per call, the optional second argument of every gateway method. */
export interface CallOptions {
  /** How long to wait for the answer; the service's default (`pekko.ask.timeout`, 10 s) if absent. */
  timeoutMs?: number
}

/** What {@link RpcService.startServer} needs to serve one endpoint. */
export interface ServerOptions<G extends object> {
  /** Unique within the service, printable ASCII; peers name it in `connect`. */
  endpointId: string
  definition: GatewayDefinition<G>
  /** Its methods run in `mainThread`, one request at a time up to their first `await`. */
  handler: G
  mainThread: MainThreadExecutor
  /**
   * Read in the main thread before each call. `'unfenced'` accepts every caller; `undefined`
   * refuses everybody (not the leader); else the caller's token must be the same.
   */
  fencingToken: () => FencingToken | undefined | 'unfenced'
  /**
   * For an endpoint that several callers with tokens of their own call: refuses one of them by
   * throwing. Called in `mainThread`, right before the handler.
   */
  authorize?: Authorize
}

/** @throws what the caller gets if it may not have `request` done */
export type Authorize = (method: string, request: object, token: FencingToken | undefined) => void

/** One served endpoint. */
export interface RpcServer {
  /** Refuses calls from now on; those in flight may still be answered. Idempotent. */
  stopAccepting(): void
  /**
   * Removes the endpoint: calls in flight fail with `RecipientUnreachableError` although their
   * handlers may go on. Idempotent.
   */
  close(): Promise<void>
}

/**
 * Carries calls between endpoints.
 *
 * The contract, the same for every transport: a call runs **at most once** and is never repeated
 * by the transport; calls between two endpoints are **not ordered**; a deadline
 * (`RpcTimeoutError`) and a broken connection (`RecipientUnreachableError`) mean **outcome
 * unknown**. Messages are encoded and validated on both sides by every transport.
 */
export interface RpcService {
  /** `host:port` under which peers reach the endpoints of this service. */
  readonly address: string

  /** Serves an endpoint from now on. @throws AssertionError when the id is served already. */
  startServer<G extends object>(options: ServerOptions<G>): RpcServer

  /**
   * A proxy for the endpoint `endpointId` at `address`. Does no I/O: whether somebody is there
   * shows in the first call. The proxy stays valid when the peer goes and comes back.
   *
   * Calls fail with `RpcTimeoutError`, `RecipientUnreachableError`, `FencingTokenError`,
   * `NotLeaderError`, `RpcMessageError`, `RpcMessageTooLargeError`, or, when the handler threw,
   * `RemoteRpcError`.
   */
  connect<G extends object>(
    address: string,
    endpointId: string,
    definition: GatewayDefinition<G>,
    options?: { fencingToken?: FencingToken },
  ): G

  /**
   * Calls `listener` when the connection to `address` is refused or lost, each time it happens,
   * always in a later turn; starts to connect if there is no connection yet. The listener must
   * not throw and should only enqueue into a main thread. A peer behind a silent partition is
   * seen late or never: heartbeats remain necessary. The connection to the own {@link address}
   * cannot break: its listener is never called.
   *
   * @returns a function that ends the subscription.
   */
  onConnectionLost(address: string, listener: (reason: Error) => void): () => void

  /** Ends all servers and connections; calls in flight in either direction fail. Idempotent. */
  close(): Promise<void>
}
