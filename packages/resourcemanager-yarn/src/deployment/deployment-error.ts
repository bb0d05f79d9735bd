import { FlinkError } from '@flink-ts/core'

/** A cluster on YARN did not come up. */
export class YarnDeploymentError extends FlinkError {
  readonly applicationId: string

  constructor(applicationId: string, why: string, cause?: unknown) {
    super(`The cluster ${applicationId} did not start: ${why}`, {
      code: 'FLINK_YARN_DEPLOYMENT',
      cause,
    })
    this.applicationId = applicationId
  }
}

/** The person gave up. What had been begun was taken back. */
export class DeploymentInterruptedError extends FlinkError {
  constructor(applicationId: string | undefined, cause: unknown) {
    super(
      applicationId === undefined
        ? 'The deployment was interrupted before anything was submitted'
        : `The deployment was interrupted: application ${applicationId} was ended and its files were removed`,
      { code: 'FLINK_YARN_INTERRUPTED', cause },
    )
  }
}

/** YARN has no such application, or it has ended. */
export class YarnApplicationGoneError extends FlinkError {
  readonly applicationId: string

  constructor(applicationId: string, why: string) {
    super(`Cannot use the cluster ${applicationId}: ${why}`, {
      code: 'FLINK_YARN_APPLICATION_GONE',
    })
    this.applicationId = applicationId
  }
}
