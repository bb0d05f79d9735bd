import type { FencingToken } from '../fencing-token.js'

/** One call on its way to its endpoint. */
export interface Invocation {
  readonly endpointId: string
  readonly method: string
  readonly fencingToken: FencingToken | undefined
  readonly payload: Uint8Array
}

/** An invocation as its caller sees it. */
export interface OutgoingInvocation extends Invocation {
  /** For error messages: method, endpoint and address. */
  readonly target: string
}

/**
 * The answer to one call: the encoded response, what the handler threw, or why the service did
 * not call the handler (or could not send its response).
 */
export type Reply =
  | { readonly kind: 'response'; readonly payload: Uint8Array }
  | { readonly kind: 'handler-error'; readonly payload: Uint8Array }
  | { readonly kind: 'refusal'; readonly payload: Uint8Array }

/**
 * Delivers one invocation and resolves with its reply. Rejects with `RpcTimeoutError` or
 * `RecipientUnreachableError` only.
 */
export type Send = (invocation: OutgoingInvocation, timeoutMs: number) => Promise<Reply>
