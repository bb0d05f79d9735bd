import type { FencingToken } from '../fencing-token.js'
import { RpcEndpoint, type RpcEndpointOptions } from './rpc-endpoint.js'

/**
 * An endpoint that answers only callers of its own term of leadership: a call with another token,
 * or none, fails with `FencingTokenError`; while no token is set every call fails with
 * `NotLeaderError`. The token is compared in the main thread, right before the handler runs.
 */
export abstract class FencedRpcEndpoint extends RpcEndpoint {
  #fencingToken: FencingToken | undefined

  constructor(options: RpcEndpointOptions & { fencingToken?: FencingToken }) {
    super(options)
    this.#fencingToken = options.fencingToken
  }

  /** Undefined while this endpoint is not the leader. */
  get fencingToken(): FencingToken | undefined {
    return this.#fencingToken
  }

  /** Set it in the main thread, on every grant (a new token) and revocation (`undefined`). */
  set fencingToken(token: FencingToken | undefined) {
    this.#fencingToken = token
  }

  protected override acceptedFencingToken(): FencingToken | undefined {
    return this.#fencingToken
  }
}
