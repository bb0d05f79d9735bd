import { FlinkError } from '@flink-ts/core'

/** The TaskManager is not registered, or not any more under this instance id: it must register again. */
export class UnknownTaskExecutorError extends FlinkError {
  readonly resourceId: string

  constructor(facts: { resourceId: string; instanceId: string | undefined }) {
    super(
      `TaskManager ${facts.resourceId} is not registered${
        facts.instanceId === undefined ? '' : ` as instance ${facts.instanceId}`
      } at the ResourceManager; it must register again`,
      { code: 'FLINK_UNKNOWN_TASK_EXECUTOR' },
    )
    this.resourceId = facts.resourceId
  }
}

/** The JobMaster is not registered, or another one of the same job is: it must register (again). */
export class UnknownJobMasterError extends FlinkError {
  readonly jobId: string

  constructor(facts: { jobId: string; token: string }) {
    super(
      `The JobMaster of job ${facts.jobId} with token ${facts.token} is not registered at the ResourceManager; it must register again`,
      { code: 'FLINK_UNKNOWN_JOB_MASTER' },
    )
    this.jobId = facts.jobId
  }
}
