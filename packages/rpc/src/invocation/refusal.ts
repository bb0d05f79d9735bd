import { FencingTokenError } from '../errors/fencing-token-error.js'
import { NotLeaderError } from '../errors/not-leader-error.js'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import { RpcMessageError } from '../errors/rpc-message-error.js'
import { RpcMessageTooLargeError } from '../errors/rpc-message-too-large-error.js'
import { RpcPeerBusyError } from '../errors/rpc-peer-busy-error.js'
import type { FencingToken } from '../fencing-token.js'

/**
 * Why a service answered a call itself, in wire form. Unlike a handler's error it comes back as
 * an instance of its own class.
 */
export type Refusal =
  | { kind: 'unreachable'; reason: string }
  | { kind: 'not-leader' }
  | { kind: 'busy'; reason: string }
  | { kind: 'fencing'; expected: FencingToken; received: FencingToken | undefined }
  | { kind: 'invalid-message'; subject: string; field: string; problem: string }
  | { kind: 'too-large'; subject: string; sizeBytes: number | undefined; limitBytes: number }

export function encodeRefusal(refusal: Refusal): Uint8Array {
  return Buffer.from(JSON.stringify(refusal))
}

/** The error to throw at the caller of `target`. */
export function refusalError(payload: Uint8Array, target: string): Error {
  try {
    const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()
    const refusal = JSON.parse(text) as Refusal
    switch (refusal.kind) {
      case 'unreachable':
        return new RecipientUnreachableError({ target, reason: refusal.reason })
      case 'busy':
        return new RpcPeerBusyError({ target, reason: refusal.reason })
      case 'not-leader':
        return new NotLeaderError({ target })
      case 'fencing':
        return new FencingTokenError({
          target,
          expected: refusal.expected,
          received: refusal.received,
        })
      case 'invalid-message':
        return new RpcMessageError(refusal)
      case 'too-large':
        return new RpcMessageTooLargeError(refusal)
    }
  } catch (cause) {
    return new RpcMessageError({
      subject: target,
      field: '',
      problem: 'the peer sent a refusal that cannot be read',
      cause,
    })
  }
  return new RpcMessageError({
    subject: target,
    field: '',
    problem: 'the peer refused for a reason that this version does not know',
  })
}
