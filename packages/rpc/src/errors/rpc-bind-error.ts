import { FlinkError } from '@flink-ts/core'

/** Listening failed for another reason than a port in use. */
export class RpcBindError extends FlinkError {
  readonly host: string
  readonly port: number

  constructor(facts: { host: string; port: number; cause: unknown }) {
    const reason = facts.cause instanceof Error ? facts.cause.message : String(facts.cause)
    super(`Cannot listen on ${facts.host}, port ${facts.port}: ${reason}`, {
      code: 'FLINK_RPC_BIND_FAILED',
      cause: facts.cause,
    })
    this.host = facts.host
    this.port = facts.port
  }
}
