import { FlinkError } from '@flink-ts/core'

/** A port setting that cannot be read. */
export class InvalidPortRangeError extends FlinkError {
  readonly ports: string

  constructor(ports: string) {
    super(
      `"${ports}" is no port range; a port from 0 to 65535, a range such as 50100-50200, or a ` +
        'list of both such as 50100-50200,6123 would be',
      { code: 'FLINK_RPC_INVALID_PORT_RANGE' },
    )
    this.ports = ports
  }
}
