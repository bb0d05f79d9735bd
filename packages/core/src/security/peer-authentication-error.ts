import { FlinkError } from '../errors/flink-error.js'

/** Why a peer was not accepted. */
export type PeerRefusal = 'secret' | 'certificate' | 'protocol'

/** One side of a new connection did not accept the other. */
export class PeerAuthenticationError extends FlinkError {
  readonly peer: string
  readonly refusal: PeerRefusal

  constructor(facts: { peer: string; refusal: PeerRefusal; problem: string; cause?: unknown }) {
    super(`No connection with ${facts.peer}: ${facts.problem}`, {
      code: 'FLINK_PEER_AUTHENTICATION',
      cause: facts.cause,
    })
    this.peer = facts.peer
    this.refusal = facts.refusal
  }
}
