import { FlinkError } from '@flink-ts/core'

/** The main thread that should have run an action was closed before it could. */
export class EndpointClosedError extends FlinkError {
  readonly endpoint: string

  constructor(facts: { endpoint: string }) {
    super(`${facts.endpoint} is closed and runs nothing any more`, {
      code: 'FLINK_RPC_ENDPOINT_CLOSED',
    })
    this.endpoint = facts.endpoint
  }
}
