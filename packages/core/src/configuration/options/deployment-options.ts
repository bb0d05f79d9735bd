import { ConfigOptions } from '../config-options.js'

/** Where a program goes and whether the client stays with it. */
export const DeploymentOptions = {
  TARGET: ConfigOptions.key('execution.target')
    .stringType()
    .noDefaultValue()
    .withDescription(
      '`remote` submits to a running cluster, `local` runs in the process of the program; `yarn-session`, `yarn-per-job` and `yarn-application` run on YARN.',
    ),
  ATTACHED: ConfigOptions.key('execution.attached')
    .booleanType()
    .defaultValue(false)
    .withDescription('Whether the client waits until the job has ended.'),
  SHUTDOWN_IF_ATTACHED: ConfigOptions.key('execution.shutdown-on-attached-exit')
    .booleanType()
    .defaultValue(false)
    .withDescription('Whether the job is cancelled when an attached client is interrupted.'),
  SHUTDOWN_ON_APPLICATION_FINISH: ConfigOptions.key('execution.shutdown-on-application-finish')
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'Whether an application cluster ends with its application; otherwise it waits for `DELETE /cluster` or a signal.',
    ),
  TERMINATE_APPLICATION_ON_ANY_JOB_EXCEPTION: ConfigOptions.key(
    'execution.terminate-application-on-any-job-terminated-exceptionally',
  )
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'Whether an application whose `main()` has ended ends with the first job that fails or is cancelled; otherwise with the last of its jobs.',
    ),
} as const
