import { FlinkError } from '@flink-ts/core'

/** The master does not take the framework. */
export function frameworkRefused(message: string): FlinkError {
  return new FlinkError(`Mesos does not take this framework: ${message}`, {
    code: 'FLINK_MESOS_FRAMEWORK_REFUSED',
  })
}

/** Another scheduler speaks for the same framework. */
export function frameworkFailedOver(frameworkId: string, message: string): FlinkError {
  return new FlinkError(
    `Another JobManager has registered with Mesos as framework ${frameworkId} (${message}), and this one leaves it; two JobManagers must not have the same mesos.framework-id-file`,
    { code: 'FLINK_MESOS_FRAMEWORK_FAILED_OVER' },
  )
}

/** The file of the framework's id cannot be used. */
export function frameworkIdFileUnusable(path: string, what: string, cause?: unknown): FlinkError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new FlinkError(
    `The file ${path} (mesos.framework-id-file) ${what}${why}; name an absolute path in a folder that this process may write`,
    { code: 'FLINK_MESOS_FRAMEWORK_ID_FILE', cause },
  )
}

/** What the ResourceManager is told of something unexpected. */
export function asFlinkError(cause: unknown): Error {
  if (FlinkError.is(cause)) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new FlinkError(`The framework cannot go on: ${why}`, {
    code: 'FLINK_MESOS_FRAMEWORK_FAILED',
    cause,
  })
}
