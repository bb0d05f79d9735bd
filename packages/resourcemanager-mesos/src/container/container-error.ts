import { FlinkError } from '@flink-ts/core'

/** This process is no task of Mesos, or gets nothing from the JobManager that launched it. */
export function notOurTask(why: string, cause?: unknown): FlinkError {
  return new FlinkError(
    `This process cannot be a TaskManager of a cluster on Mesos: ${why}; leave --container mesos out to start it elsewhere`,
    { code: 'FLINK_MESOS_CONTAINER', cause },
  )
}

/** The JobManager hands nothing over. */
export function noSecrets(why: string, cause?: unknown): FlinkError {
  return new FlinkError(`Cannot get the secret of the cluster from the JobManager: ${why}`, {
    code: 'FLINK_MESOS_CONTAINER',
    cause,
  })
}
