import { FlinkError } from '@flink-ts/core'

/** No answer came in time. The call may have run, may run yet, or may never have arrived. */
export class RpcTimeoutError extends FlinkError {
  readonly target: string
  readonly timeoutMs: number

  constructor(facts: { target: string; timeoutMs: number }) {
    super(
      `RPC ${facts.target} got no answer within ${facts.timeoutMs} ms; whether it ran is unknown`,
      { code: 'FLINK_RPC_TIMEOUT', retriable: true },
    )
    this.target = facts.target
    this.timeoutMs = facts.timeoutMs
  }
}
