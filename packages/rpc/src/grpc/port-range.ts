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

/**
 * The ports of a setting such as `6123`, `50100-50200` or `50100-50200,6123`, in its order.
 * 0 means any free port.
 *
 * @throws InvalidPortRangeError
 */
export function* portsOfRange(ports: string): Generator<number> {
  for (const part of ports.split(',')) {
    const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part)
    if (match === null) throw new InvalidPortRangeError(ports)
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    if (first > last || last > 65_535) throw new InvalidPortRangeError(ports)
    for (let port = first; port <= last; port++) yield port
  }
}
