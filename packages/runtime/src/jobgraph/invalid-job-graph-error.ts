import { FlinkError } from '@flink-ts/core'

/** A JobGraph does not have the form of its version, or contradicts itself. */
export class InvalidJobGraphError extends FlinkError {
  /** Such as `vertices[2].parallelism`; empty for the whole. */
  readonly path: string
  readonly problem: string

  constructor(path: string, problem: string, cause?: unknown) {
    super(`Invalid JobGraph${path === '' ? '' : `, field ${path}`}: ${problem}`, {
      code: 'FLINK_INVALID_JOB_GRAPH',
      cause,
    })
    this.name = 'JobSubmissionException'
    this.path = path
    this.problem = problem
  }
}
