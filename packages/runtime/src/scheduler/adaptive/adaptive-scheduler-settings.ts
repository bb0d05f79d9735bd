import { AdaptiveSchedulerOptions, type Configuration, StateRecoveryOptions } from '@flink-ts/core'

/** What an adaptive scheduler reads of the configuration. Times in milliseconds. */
export interface AdaptiveSchedulerSettings {
  readonly reactive: boolean
  /** How long the desired slots are waited for; negative: for ever. */
  readonly resourceWaitTimeoutMs: number
  readonly submissionStabilizationMs: number
  readonly executingCooldownMs: number
  readonly executingStabilizationMs: number
  readonly preferMinimalTaskManagers: boolean
  /** Subtasks run where they ran before, if they can: copies of their state are there. */
  readonly staysWithState: boolean
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function adaptiveSchedulerSettings(configuration: Configuration): AdaptiveSchedulerSettings {
  const options = AdaptiveSchedulerOptions
  const reactive = configuration.get(options.SCHEDULER_MODE) === 'REACTIVE'
  return {
    reactive,
    // In reactive mode the desired slots are never all there, so waiting for them is no use.
    resourceWaitTimeoutMs:
      configuration.get(options.RESOURCE_WAIT_TIMEOUT) ?? (reactive ? -1 : 5 * 60_000),
    submissionStabilizationMs:
      configuration.get(options.RESOURCE_STABILIZATION_TIMEOUT) ?? (reactive ? 0 : 10_000),
    executingCooldownMs: configuration.get(options.EXECUTING_COOLDOWN),
    executingStabilizationMs: configuration.get(options.EXECUTING_STABILIZATION_TIMEOUT),
    preferMinimalTaskManagers: configuration.get(options.PREFER_MINIMAL_TASK_MANAGERS),
    staysWithState: configuration.get(StateRecoveryOptions.LOCAL_RECOVERY),
  }
}
