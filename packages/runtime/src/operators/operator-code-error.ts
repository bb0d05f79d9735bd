import { FlinkError } from '@flink-ts/core'

/** The code of an operator or an edge is missing or is not what the JobGraph says. */
export class OperatorCodeError extends FlinkError {
  readonly operatorName: string

  constructor(message: string, facts: { operatorName: string; cause?: unknown }) {
    super(message, { code: 'FLINK_OPERATOR_CODE', cause: facts.cause })
    this.operatorName = facts.operatorName
  }
}
