import { ConfigOptions } from '../config-options.js'
import { INFINITE_INT } from '../option-type.js'

/** Whether and when a failed job starts again. */
export const RestartStrategyOptions = {
  RESTART_STRATEGY: ConfigOptions.key('restart-strategy.type')
    .enumType(
      'none',
      'off',
      'disable',
      'fixed-delay',
      'fixeddelay',
      'failure-rate',
      'failurerate',
      'exponential-delay',
      'exponentialdelay',
    )
    .noDefaultValue()
    .withDeprecatedKeys('restart-strategy')
    .withDescription(
      '`none`, `fixed-delay`, `failure-rate` or `exponential-delay`. Unless set: `exponential-delay` for jobs with checkpoints, else `none`.',
    ),
  FIXED_DELAY_ATTEMPTS: ConfigOptions.key('restart-strategy.fixed-delay.attempts')
    .intType({ min: 0 })
    .defaultValue(1)
    .withDescription('Restarts before the job fails for good.'),
  FIXED_DELAY_DELAY: ConfigOptions.key('restart-strategy.fixed-delay.delay')
    .durationType()
    .defaultValue(1000)
    .withDescription('Pause before each restart.'),
  FAILURE_RATE_MAX_FAILURES_PER_INTERVAL: ConfigOptions.key(
    'restart-strategy.failure-rate.max-failures-per-interval',
  )
    .intType({ min: 1 })
    .defaultValue(1)
    .withDescription('Failures within the interval after which the job fails for good.'),
  FAILURE_RATE_INTERVAL: ConfigOptions.key('restart-strategy.failure-rate.failure-rate-interval')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDescription('That interval.'),
  FAILURE_RATE_DELAY: ConfigOptions.key('restart-strategy.failure-rate.delay')
    .durationType()
    .defaultValue(1000)
    .withDescription('Pause before each restart.'),
  EXPONENTIAL_DELAY_INITIAL_BACKOFF: ConfigOptions.key(
    'restart-strategy.exponential-delay.initial-backoff',
  )
    .durationType({ min: 1 })
    .defaultValue(1000)
    .withDescription('First pause before a restart.'),
  EXPONENTIAL_DELAY_MAX_BACKOFF: ConfigOptions.key('restart-strategy.exponential-delay.max-backoff')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDescription('Pause beyond which it does not grow.'),
  EXPONENTIAL_DELAY_BACKOFF_MULTIPLIER: ConfigOptions.key(
    'restart-strategy.exponential-delay.backoff-multiplier',
  )
    .doubleType({ min: 1 })
    .defaultValue(1.5)
    .withDescription('Factor by which the pause grows with each failure.'),
  EXPONENTIAL_DELAY_RESET_BACKOFF_THRESHOLD: ConfigOptions.key(
    'restart-strategy.exponential-delay.reset-backoff-threshold',
  )
    .durationType({ min: 1 })
    .defaultValue(3_600_000)
    .withDescription('After so long without failure the pause starts small again.'),
  EXPONENTIAL_DELAY_JITTER_FACTOR: ConfigOptions.key(
    'restart-strategy.exponential-delay.jitter-factor',
  )
    .doubleType({ min: 0, max: 1 })
    .defaultValue(0.1)
    .withDescription('Share of the pause by which chance lengthens or shortens it.'),
  EXPONENTIAL_DELAY_ATTEMPTS: ConfigOptions.key(
    'restart-strategy.exponential-delay.attempts-before-reset-backoff',
  )
    .intType({ min: 1 })
    .defaultValue(INFINITE_INT)
    .withDescription('Failures without such a quiet time after which the job fails for good.'),
} as const
