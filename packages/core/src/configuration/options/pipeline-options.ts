import { ConfigOptions } from '../config-options.js'

/** What a program's pipeline looks like. */
export const PipelineOptions = {
  NAME: ConfigOptions.key('pipeline.name')
    .stringType()
    .noDefaultValue()
    .withDescription('Name of the job, if the program gives it none.'),
  MAX_PARALLELISM: ConfigOptions.key('pipeline.max-parallelism')
    .intType({ min: -1, max: 32768 })
    .defaultValue(-1)
    .withDescription(
      'Key groups, and so the limit of any later parallelism; -1 derives it from the parallelism.',
    ),
  OPERATOR_CHAINING: ConfigOptions.key('pipeline.operator-chaining.enabled')
    .booleanType()
    .defaultValue(true)
    .withDeprecatedKeys('pipeline.operator-chaining')
    .withDescription('Whether operators that can run in one task do.'),
  OBJECT_REUSE: ConfigOptions.key('pipeline.object-reuse')
    .booleanType()
    .defaultValue(false)
    .withDescription(
      'Whether a record that several operators of a task take is handed to all of them without a copy.',
    ),
  AUTO_GENERATE_UIDS: ConfigOptions.key('pipeline.auto-generate-uids')
    .booleanType()
    .defaultValue(true)
    .withDescription(
      'Whether operators without a uid get one; otherwise such a program is refused.',
    ),
  AUTO_WATERMARK_INTERVAL: ConfigOptions.key('pipeline.auto-watermark-interval')
    .durationType()
    .defaultValue(200)
    .withDescription('How often watermarks are taken from what has come; 0: at the end only.'),
  GLOBAL_JOB_PARAMETERS: ConfigOptions.key('pipeline.global-job-parameters')
    .mapType()
    .noDefaultValue()
    .withDescription('Parameters of the program that REST shows with the job.'),
} as const
