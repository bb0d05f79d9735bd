import { type Configuration, ResourceManagerOptions, SlotOptions } from '@flink-ts/core'
import {
  DEFAULT_HEARTBEAT_SETTINGS,
  type HeartbeatSettings,
  heartbeatSettings,
} from '../heartbeat/heartbeat-settings.js'
import {
  type ActiveWorkersSettings,
  DEFAULT_ACTIVE_WORKERS_SETTINGS,
} from './active/active-workers.js'
import {
  DEFAULT_SLOT_MANAGER_SETTINGS,
  type SlotManagerSettings,
  slotManagerSettings,
} from './slotmanager/slot-manager-settings.js'
import { workerResourceSpec } from './worker-resource-spec.js'

/** What a ResourceManager is configured with; times in milliseconds. */
export interface ResourceManagerSettings {
  readonly heartbeat: HeartbeatSettings
  readonly slotManager: SlotManagerSettings
  readonly workers: ActiveWorkersSettings
  /** `resourcemanager.job.timeout`: a job without JobMaster is forgotten after it. */
  readonly jobTimeoutMs: number
  /**
   * `resourcemanager.standalone.start-up-time`: only after it JobMasters are told that there are not
   * enough slots. It counts from the grant of leadership, and only where no workers can be started.
   */
  readonly startUpTimeMs: number
}

/** Flink's defaults. */
export const DEFAULT_RESOURCE_MANAGER_SETTINGS: ResourceManagerSettings = {
  heartbeat: DEFAULT_HEARTBEAT_SETTINGS,
  slotManager: DEFAULT_SLOT_MANAGER_SETTINGS,
  workers: DEFAULT_ACTIVE_WORKERS_SETTINGS,
  jobTimeoutMs: 300_000,
  startUpTimeMs: 300_000,
}

/**
 * @param startsWorkers whether its driver can
 * @throws IllegalConfigurationError naming the key whose value is not valid
 */
export function resourceManagerSettings(
  configuration: Configuration,
  startsWorkers: boolean,
): ResourceManagerSettings {
  const slotManager = slotManagerSettings(configuration)
  return {
    heartbeat: heartbeatSettings(configuration),
    slotManager: startsWorkers
      ? { ...slotManager, workerSpec: workerResourceSpec(configuration) }
      : slotManager,
    workers: {
      maxStartFailureRate: configuration.get(ResourceManagerOptions.START_WORKER_MAX_FAILURE_RATE),
      retryIntervalMs: configuration.get(ResourceManagerOptions.START_WORKER_RETRY_INTERVAL),
      registrationTimeoutMs: configuration.get(
        ResourceManagerOptions.TASK_MANAGER_REGISTRATION_TIMEOUT,
      ),
      recoveryTimeoutMs: configuration.get(ResourceManagerOptions.PREVIOUS_WORKER_RECOVERY_TIMEOUT),
    },
    jobTimeoutMs: configuration.get(ResourceManagerOptions.JOB_TIMEOUT),
    startUpTimeMs:
      configuration.get(ResourceManagerOptions.STANDALONE_CLUSTER_STARTUP_PERIOD_TIME) ??
      configuration.get(SlotOptions.REQUEST_TIMEOUT),
  }
}
