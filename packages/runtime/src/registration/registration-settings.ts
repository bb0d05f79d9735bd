import { ClusterOptions, type Configuration } from '@flink-ts/core'

/** Pauses between attempts to register at another component; all in milliseconds. */
export interface RegistrationSettings {
  /** `cluster.registration.initial-timeout`: how long the first attempt waits for its answer. */
  readonly initialTimeoutMs: number
  /** `cluster.registration.max-timeout`: the timeout doubles up to this. */
  readonly maxTimeoutMs: number
  /** `cluster.registration.error-delay`: pause after an answer that is an error. */
  readonly errorDelayMs: number
  /** `cluster.registration.refused-registration-delay`: pause after a refusal. */
  readonly refusedDelayMs: number
  /** First pause when nobody is there yet (refused connection, no leader); doubles. */
  readonly initialUnreachableDelayMs: number
  /** Longest pause when nobody is there: a peer that starts is found this soon. */
  readonly maxUnreachableDelayMs: number
}

/** Flink's defaults. */
export const DEFAULT_REGISTRATION_SETTINGS: RegistrationSettings = {
  initialTimeoutMs: 100,
  maxTimeoutMs: 30_000,
  errorDelayMs: 10_000,
  refusedDelayMs: 30_000,
  initialUnreachableDelayMs: 100,
  maxUnreachableDelayMs: 1_000,
}

/** @throws IllegalConfigurationError naming the key whose value is no duration */
export function registrationSettings(configuration: Configuration): RegistrationSettings {
  return {
    ...DEFAULT_REGISTRATION_SETTINGS,
    initialTimeoutMs: configuration.get(ClusterOptions.INITIAL_REGISTRATION_TIMEOUT),
    maxTimeoutMs: configuration.get(ClusterOptions.MAX_REGISTRATION_TIMEOUT),
    errorDelayMs: configuration.get(ClusterOptions.ERROR_REGISTRATION_DELAY),
    refusedDelayMs: configuration.get(ClusterOptions.REFUSED_REGISTRATION_DELAY),
  }
}
