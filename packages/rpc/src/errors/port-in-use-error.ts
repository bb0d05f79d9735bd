import { FlinkError } from '@flink-ts/core'

/** Every port that was allowed is taken by another process. */
export class PortInUseError extends FlinkError {
  readonly host: string
  /** As given: one port, or ranges such as `50100-50200,6123`. */
  readonly ports: string

  constructor(facts: { host: string; ports: string; cause?: unknown }) {
    const several = /[-,]/.test(facts.ports)
    super(
      `Cannot listen on ${facts.host}, port${several ? 's' : ''} ${facts.ports}: ` +
        (several ? 'all of them are in use' : 'another process listens there'),
      { code: 'FLINK_RPC_PORT_IN_USE', cause: facts.cause },
    )
    this.host = facts.host
    this.ports = facts.ports
  }
}
