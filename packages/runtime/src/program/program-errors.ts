import { FlinkError } from '@flink-ts/core'

/** The program could not be run, or did not build the job that was asked for. */
export class ProgramInvocationError extends FlinkError {
  readonly programName: string

  constructor(message: string, facts: { programName: string; cause?: unknown }) {
    super(message, { code: 'FLINK_PROGRAM_INVOCATION', cause: facts.cause })
    this.programName = facts.programName
  }
}

/** The program built another job in a task's thread than at its submission. */
export class TraceMismatchError extends FlinkError {
  /** The operator or edge that differs, as far as it is known. */
  readonly operator: string | undefined

  constructor(message: string, facts: { operator?: string | undefined }) {
    super(message, { code: 'FLINK_TRACE_MISMATCH' })
    this.operator = facts.operator
  }
}

/** The program did before its `execute()` what would happen again in every task. */
export class TracingRefusedError extends FlinkError {
  /** Such as `fs.writeFileSync`. */
  readonly call: string

  constructor(call: string) {
    super(
      `The program calls ${call} before execute(): it runs again in every task to find the job's functions, ` +
        'so this would happen there too; move it into open() of a function, behind execute(), or into ' +
        'env.fromSubmission(name, fn), which runs once in the client',
      { code: 'FLINK_TRACING_REFUSED' },
    )
    this.call = call
  }
}
