import { FlinkError } from '@flink-ts/core'

/** Whether a call may have been carried out: `not-sent` calls were not. */
export type CallOutcome = 'unknown' | 'not-sent'

/** A call got no answer: the connection could not be made, broke, was closed, or was silent for too long. */
export class HadoopConnectionError extends FlinkError {
  /** `host:port`. */
  readonly address: string
  readonly outcome: CallOutcome

  constructor(
    message: string,
    facts: {
      readonly address: string
      readonly outcome: CallOutcome
      readonly isTimeout?: boolean
      readonly cause?: unknown
    },
  ) {
    super(message, {
      code: facts.isTimeout === true ? 'FLINK_HADOOP_TIMEOUT' : 'FLINK_HADOOP_CONNECTION',
      retriable: true,
      cause: facts.cause,
    })
    this.address = facts.address
    this.outcome = facts.outcome
  }
}

/** What a server answers is no Hadoop IPC of version 9, or damaged, or larger than allowed. */
export class HadoopProtocolError extends FlinkError {
  readonly address: string

  constructor(address: string, message: string, cause?: unknown) {
    super(`${address}: ${message}`, { code: 'FLINK_HADOOP_PROTOCOL', cause })
    this.address = address
  }
}

/** Server and client do not take each other's credentials; the calls that waited for it were not sent. */
export class HadoopAuthenticationError extends FlinkError {
  readonly address: string

  constructor(address: string, message: string, cause?: unknown) {
    super(`${address}: ${message}`, { code: 'FLINK_HADOOP_AUTHENTICATION', cause })
    this.address = address
  }
}
