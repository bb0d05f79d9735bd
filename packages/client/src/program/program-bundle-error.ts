import { FlinkError } from '@flink-ts/core'

/** The program cannot be made into a bundle: it is missing, or its source is not right. */
export class ProgramBundleError extends FlinkError {
  /** Path as it was given. */
  readonly program: string

  constructor(message: string, program: string, cause?: unknown) {
    super(message, { code: 'FLINK_PROGRAM_BUNDLE', cause })
    this.program = program
  }
}
