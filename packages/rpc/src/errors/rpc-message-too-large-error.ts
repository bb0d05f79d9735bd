import { FlinkError } from '@flink-ts/core'

/** An encoded message is larger than `pekko.framesize` allows. */
export class RpcMessageTooLargeError extends FlinkError {
  /** Method and direction, such as `JobMasterGateway.submit request`. */
  readonly subject: string
  /** Undefined when the receiver gave up before it knew the size. */
  readonly sizeBytes: number | undefined
  readonly limitBytes: number

  constructor(facts: { subject: string; sizeBytes?: number | undefined; limitBytes: number }) {
    super(
      `${facts.subject} ${facts.sizeBytes === undefined ? 'exceeds' : `is ${facts.sizeBytes} bytes, more than`} ` +
        `the limit of ${facts.limitBytes} bytes; raise pekko.framesize on all processes if it must pass`,
      { code: 'FLINK_RPC_MESSAGE_TOO_LARGE' },
    )
    this.subject = facts.subject
    this.sizeBytes = facts.sizeBytes
    this.limitBytes = facts.limitBytes
  }
}
