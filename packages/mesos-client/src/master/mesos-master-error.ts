import { FlinkError } from '@flink-ts/core'

/** A text names no masters of Mesos. The message has no password. */
export class MesosMasterError extends FlinkError {
  constructor(master: string, problem: string, cause?: unknown) {
    super(
      `'${withoutPassword(master)}' does not name masters of Mesos: ${problem}; expected host:port, host1:port1,host2:port2, http(s)://host:port, zk://host1:port1,host2:port2/path or file:///path`,
      { code: 'FLINK_MESOS_MASTER', cause },
    )
  }
}

/** For people. */
export function withoutPassword(master: string): string {
  return master.replace(/^(\s*[a-z]+:\/\/[^:@/]*):.*@/i, '$1:***@')
}
