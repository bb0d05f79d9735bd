import { FlinkError } from '@flink-ts/core'

/** The program of an application cluster could not be run to its end. */
export class ApplicationError extends FlinkError {
  readonly programName: string

  constructor(message: string, facts: { programName: string; cause?: unknown }) {
    super(message, { code: 'FLINK_APPLICATION', cause: facts.cause })
    this.programName = facts.programName
  }
}
