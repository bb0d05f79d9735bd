import { ConfigOptions } from '../config-options.js'

/** Jobs that run with the slots that there are. */
export const AdaptiveSchedulerOptions = {
  SCHEDULER_MODE: ConfigOptions.key('scheduler-mode')
    .enumType('REACTIVE')
    .noDefaultValue()
    .withDescription(
      '`reactive`: the one job of a standalone application cluster uses all slots that there are, at any time. Implies `jobmanager.scheduler: Adaptive`.',
    ),
  RESOURCE_WAIT_TIMEOUT: ConfigOptions.key(
    'jobmanager.adaptive-scheduler.submission.resource-wait-timeout',
  )
    .durationType()
    .noDefaultValue()
    .withDeprecatedKeys('jobmanager.adaptive-scheduler.resource-wait-timeout')
    .withDescription(
      'How long a job waits for all slots that it can use; then it starts with those that there are, or fails if they are too few. Unless set: 5 min, in reactive mode for ever.',
    ),
  RESOURCE_STABILIZATION_TIMEOUT: ConfigOptions.key(
    'jobmanager.adaptive-scheduler.submission.resource-stabilization-timeout',
  )
    .durationType()
    .noDefaultValue()
    .withDeprecatedKeys('jobmanager.adaptive-scheduler.resource-stabilization-timeout')
    .withDescription(
      'How long a job with enough slots, but not all that it can use, waits for more before it starts. Unless set: 10 s, in reactive mode 0.',
    ),
  EXECUTING_COOLDOWN: ConfigOptions.key(
    'jobmanager.adaptive-scheduler.executing.cooldown-after-rescaling',
  )
    .durationType()
    .defaultValue(30_000)
    .withDescription('Least time between two changes of the parallelism of a running job.'),
  EXECUTING_STABILIZATION_TIMEOUT: ConfigOptions.key(
    'jobmanager.adaptive-scheduler.executing.resource-stabilization-timeout',
  )
    .durationType()
    .defaultValue(60_000)
    .withDescription(
      'How long a running job waits for all slots that it can use, after some came, before it changes its parallelism.',
    ),
  PREFER_MINIMAL_TASK_MANAGERS: ConfigOptions.key(
    'jobmanager.adaptive-scheduler.prefer-minimal-taskmanagers',
  )
    .booleanType()
    .defaultValue(true)
    .withDescription('A job that cannot use all its slots leaves out those of whole TaskManagers.'),
} as const
