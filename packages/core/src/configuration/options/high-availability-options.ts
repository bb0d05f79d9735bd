import { ConfigOptions } from '../config-options.js'

/** More than one JobManager. */
export const HighAvailabilityOptions = {
  HA_MODE: ConfigOptions.key('high-availability.type')
    .stringType()
    .defaultValue('NONE')
    .withDeprecatedKeys('high-availability')
    .withDescription('`NONE`, `ZOOKEEPER` or `KUBERNETES`.'),
  JOB_RESULT_DELETE_ON_COMMIT: ConfigOptions.key('job-result-store.delete-on-commit')
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'How a job ended is forgotten with the end of its clean-up; otherwise it is kept for ever, and the id of the job cannot be used again.',
    ),
} as const
