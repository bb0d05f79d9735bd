import { CleanupOptions, type Configuration } from '@flink-ts/core'

/** Pauses between repetitions of a clean-up that fails. */
export interface CleanupSettings {
  /** Repetitions after the first attempt. */
  readonly maxRetries: number
  readonly initialDelayMs: number
  /** The pause doubles up to this. */
  readonly maxDelayMs: number
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function cleanupSettings(configuration: Configuration): CleanupSettings {
  switch (configuration.get(CleanupOptions.CLEANUP_STRATEGY)) {
    case 'fixed-delay':
    case 'fixeddelay': {
      const delayMs = configuration.get(CleanupOptions.FIXED_DELAY_DELAY)
      const maxRetries = configuration.get(CleanupOptions.FIXED_DELAY_ATTEMPTS)
      return { maxRetries, initialDelayMs: delayMs, maxDelayMs: delayMs }
    }
    case 'exponential-delay':
    case 'exponentialdelay':
      return {
        maxRetries: configuration.get(CleanupOptions.EXPONENTIAL_DELAY_ATTEMPTS),
        initialDelayMs: configuration.get(CleanupOptions.EXPONENTIAL_DELAY_INITIAL_BACKOFF),
        maxDelayMs: configuration.get(CleanupOptions.EXPONENTIAL_DELAY_MAX_BACKOFF),
      }
    default:
      return { maxRetries: 0, initialDelayMs: 1, maxDelayMs: 1 }
  }
}
