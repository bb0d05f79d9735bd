import { FlinkError } from '@flink-ts/core'

/** A peer was declared lost because it did not answer heartbeats. */
export class HeartbeatLostError extends FlinkError {
  readonly peer: string

  constructor(facts: {
    /** Kind and id, such as `TaskManager 127.0.0.1:4711-ab12cd`. */
    peer: string
    state: 'TIMEOUT' | 'UNREACHABLE'
    timeoutMs: number
  }) {
    super(
      facts.state === 'TIMEOUT'
        ? `The heartbeat of ${facts.peer} timed out: nothing was heard of it for ${facts.timeoutMs} ms (heartbeat.timeout)`
        : `${facts.peer} is no longer reachable: heartbeat requests in a row found nobody there (heartbeat.rpc-failure-threshold)`,
      { code: 'FLINK_HEARTBEAT_LOST', retriable: true },
    )
    this.peer = facts.peer
  }
}
