import { ConfigOptions } from '../config-options.js'
import { INFINITE_INT } from '../option-type.js'

/** How what a finished job left behind is removed, when that does not succeed at once. */
export const CleanupOptions = {
  CLEANUP_STRATEGY: ConfigOptions.key('cleanup-strategy.type')
    .enumType(
      'none',
      'disable',
      'off',
      'fixed-delay',
      'fixeddelay',
      'exponential-delay',
      'exponentialdelay',
    )
    .defaultValue('exponential-delay')
    .withDescription('How the clean-up after a job is repeated when it fails.'),
  FIXED_DELAY_ATTEMPTS: ConfigOptions.key('cleanup-strategy.fixed-delay.attempts')
    .intType({ min: 1 })
    .defaultValue(INFINITE_INT)
    .withDescription(
      'Repetitions with `fixed-delay`; what is left then waits for the next leader.',
    ),
  FIXED_DELAY_DELAY: ConfigOptions.key('cleanup-strategy.fixed-delay.delay')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDescription('Pause between repetitions with `fixed-delay`.'),
  EXPONENTIAL_DELAY_INITIAL_BACKOFF: ConfigOptions.key(
    'cleanup-strategy.exponential-delay.initial-backoff',
  )
    .durationType({ min: 1 })
    .defaultValue(1_000)
    .withDescription('First pause with `exponential-delay`; it doubles.'),
  EXPONENTIAL_DELAY_MAX_BACKOFF: ConfigOptions.key('cleanup-strategy.exponential-delay.max-backoff')
    .durationType({ min: 1 })
    .defaultValue(3_600_000)
    .withDescription('Longest pause with `exponential-delay`.'),
  EXPONENTIAL_DELAY_ATTEMPTS: ConfigOptions.key('cleanup-strategy.exponential-delay.attempts')
    .intType({ min: 1 })
    .defaultValue(INFINITE_INT)
    .withDescription(
      'Repetitions with `exponential-delay`; what is left then waits for the next leader.',
    ),
} as const
