import { FlinkError } from '@flink-ts/core'

/** This process and its peer are not of one cluster: other secrets, or certificates that they do not trust. */
export class RpcUnauthenticatedError extends FlinkError {
  readonly target: string

  constructor(facts: { target: string; cause: Error }) {
    super(`RPC ${facts.target} was not sent: ${facts.cause.message}`, {
      code: 'FLINK_RPC_UNAUTHENTICATED',
      cause: facts.cause,
    })
    this.target = facts.target
  }
}
