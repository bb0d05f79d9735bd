import { FlinkError } from '@flink-ts/core'

/** Too many calls wait for the peer already; this one did not run. */
export class RpcPeerBusyError extends FlinkError {
  readonly target: string
  readonly reason: string

  constructor(facts: { target: string; reason: string }) {
    super(
      `RPC ${facts.target} was not sent on or not run, its recipient is too busy: ${facts.reason}`,
      {
        code: 'FLINK_RPC_PEER_BUSY',
        retriable: true,
      },
    )
    this.target = facts.target
    this.reason = facts.reason
  }
}
