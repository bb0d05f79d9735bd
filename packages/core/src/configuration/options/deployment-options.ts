import { ConfigOptions } from '../config-options.js'

/** Where a program goes and whether the client stays with it. */
export const DeploymentOptions = {
  TARGET: ConfigOptions.key('execution.target')
    .stringType()
    .noDefaultValue()
    .withDescription(
      '`remote` submits to a running cluster, `local` runs in the process of the program.',
    ),
  ATTACHED: ConfigOptions.key('execution.attached')
    .booleanType()
    .defaultValue(false)
    .withDescription('Whether the client waits until the job has ended.'),
  SHUTDOWN_IF_ATTACHED: ConfigOptions.key('execution.shutdown-on-attached-exit')
    .booleanType()
    .defaultValue(false)
    .withDescription('Whether the job is cancelled when an attached client is interrupted.'),
} as const
