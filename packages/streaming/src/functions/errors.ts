import { FlinkError } from '@flink-ts/core'

/** The program builds something that no job can be made of. */
export class InvalidProgramError extends FlinkError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { code: 'FLINK_INVALID_PROGRAM', cause: options.cause })
  }
}

/** A user function threw; the cause is what it threw. */
export class UserFunctionError extends FlinkError {
  readonly operatorName: string
  /** Such as `map` or `open`. */
  readonly functionName: string

  constructor(facts: { operatorName: string; functionName: string; cause: unknown }) {
    const { operatorName, functionName, cause } = facts
    super(`Operator '${operatorName}' failed: its ${functionName} function threw ${brief(cause)}`, {
      code: 'FLINK_USER_FUNCTION',
      cause,
    })
    this.operatorName = operatorName
    this.functionName = functionName
  }
}

/** A user function answered what its operator cannot take. */
export class FunctionResultError extends FlinkError {
  readonly operatorName: string

  constructor(message: string, operatorName: string) {
    super(message, { code: 'FLINK_FUNCTION_RESULT' })
    this.operatorName = operatorName
  }
}

/** A collector, context or state was used outside of the call it was handed to. */
export class UsedOutsideCallError extends FlinkError {
  readonly operatorName: string

  constructor(what: string, operatorName: string) {
    super(
      `Operator '${operatorName}' used its ${what} outside of the call that it was handed to; ` +
        'use it before the function returns, never from a callback or after an await',
      { code: 'FLINK_USED_OUTSIDE_CALL' },
    )
    this.operatorName = operatorName
  }
}

/** A synchronous function answered a Promise. */
export function promiseResultError(
  operatorName: string,
  functionName: string,
): FunctionResultError {
  return new FunctionResultError(
    `Operator '${operatorName}': its ${functionName} function answered a Promise, which would only ` +
      'be waited for elsewhere; asynchronous functions are not in this release',
    operatorName,
  )
}

function brief(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
