import { FlinkError } from '@flink-ts/core'

/** The endpoint has no leadership (yet, or any more) and so accepts no fenced call. */
export class NotLeaderError extends FlinkError {
  readonly target: string

  constructor(facts: { target: string }) {
    super(`RPC ${facts.target} was refused: the endpoint is not the leader`, {
      code: 'FLINK_RPC_NOT_LEADER',
      retriable: true,
    })
    this.target = facts.target
  }
}
