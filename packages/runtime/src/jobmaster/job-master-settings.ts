import {
  type Configuration,
  JobManagerOptions,
  SlotOptions,
  TaskManagerOptions,
  WebOptions,
} from '@flink-ts/core'
import { type HeartbeatSettings, heartbeatSettings } from '../heartbeat/heartbeat-settings.js'
import {
  type RegistrationSettings,
  registrationSettings,
} from '../registration/registration-settings.js'

/** What a JobMaster reads of the configuration. */
export interface JobMasterSettings {
  readonly failoverStrategy: 'region' | 'full'
  readonly attemptsHistorySize: number
  readonly exceptionHistorySize: number
  readonly slotIdleTimeoutMs: number
  readonly slotRequestTimeoutMs: number
  /** `taskmanager.load-balance.mode` is TASKS; with `slot.request.max-interval`. */
  readonly balanceTasks: { readonly intervalMs: number } | undefined
  readonly heartbeat: HeartbeatSettings
  readonly registration: RegistrationSettings
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function jobMasterSettings(configuration: Configuration): JobMasterSettings {
  return {
    failoverStrategy: configuration.get(JobManagerOptions.EXECUTION_FAILOVER_STRATEGY),
    attemptsHistorySize: configuration.get(JobManagerOptions.MAX_ATTEMPTS_HISTORY_SIZE),
    exceptionHistorySize: configuration.get(WebOptions.MAX_EXCEPTION_HISTORY_SIZE),
    slotIdleTimeoutMs: configuration.get(SlotOptions.IDLE_TIMEOUT),
    slotRequestTimeoutMs: configuration.get(SlotOptions.REQUEST_TIMEOUT),
    balanceTasks:
      configuration.get(TaskManagerOptions.LOAD_BALANCE_MODE) === 'TASKS'
        ? { intervalMs: configuration.get(SlotOptions.REQUEST_MAX_INTERVAL) }
        : undefined,
    heartbeat: heartbeatSettings(configuration),
    registration: registrationSettings(configuration),
  }
}
