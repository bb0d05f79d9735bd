import { FlinkError } from '@flink-ts/core'

/**
 * The connection was refused or broke, or no endpoint of that id is there. When a connection
 * breaks during a call, whether the call ran is unknown.
 */
export class RecipientUnreachableError extends FlinkError {
  readonly target: string
  readonly reason: string

  constructor(facts: { target: string; reason: string; cause?: unknown }) {
    super(`RPC ${facts.target} could not reach its recipient: ${facts.reason}`, {
      code: 'FLINK_RPC_RECIPIENT_UNREACHABLE',
      retriable: true,
      cause: facts.cause,
    })
    this.target = facts.target
    this.reason = facts.reason
  }
}
