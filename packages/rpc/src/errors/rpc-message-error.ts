import { FlinkError } from '@flink-ts/core'

/** A message does not have the form its `.proto` declares; found before it is sent, or on arrival. */
export class RpcMessageError extends FlinkError {
  /** Method and direction, such as `JobMasterGateway.cancel request`. */
  readonly subject: string
  /** Path of the field, such as `slots[2].state`; empty for the message itself. */
  readonly field: string
  readonly problem: string

  constructor(facts: { subject: string; field: string; problem: string; cause?: unknown }) {
    super(
      `${facts.subject}${facts.field === '' ? '' : `, field ${facts.field}`}: ${facts.problem}`,
      {
        code: 'FLINK_RPC_INVALID_MESSAGE',
        cause: facts.cause,
      },
    )
    this.subject = facts.subject
    this.field = facts.field
    this.problem = facts.problem
  }
}
