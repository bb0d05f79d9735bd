import { type Configuration, ResourceManagerOptions, SlotOptions } from '@flink-ts/core'
import {
  DEFAULT_HEARTBEAT_SETTINGS,
  type HeartbeatSettings,
  heartbeatSettings,
} from '../heartbeat/heartbeat-settings.js'
import type { SlotManagerSettings } from './slotmanager/slot-manager.js'

/** What a ResourceManager is configured with; times in milliseconds. */
export interface ResourceManagerSettings {
  readonly heartbeat: HeartbeatSettings
  readonly slotManager: SlotManagerSettings
  /**
   * `resourcemanager.standalone.start-up-time`: only after it JobMasters are told that there are not
   * enough slots. It counts from the grant of leadership, and only where no workers can be started.
   */
  readonly startUpTimeMs: number
}

/** Flink's defaults. */
export const DEFAULT_RESOURCE_MANAGER_SETTINGS: ResourceManagerSettings = {
  heartbeat: DEFAULT_HEARTBEAT_SETTINGS,
  // Flink waits 50 ms for more to come; here a JobMaster declares all that it needs in one message, and a turn suffices.
  slotManager: { requirementCheckDelayMs: 0, loadBalanceMode: 'NONE' },
  startUpTimeMs: 300_000,
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function resourceManagerSettings(configuration: Configuration): ResourceManagerSettings {
  return {
    ...DEFAULT_RESOURCE_MANAGER_SETTINGS,
    heartbeat: heartbeatSettings(configuration),
    startUpTimeMs:
      configuration.get(ResourceManagerOptions.STANDALONE_CLUSTER_STARTUP_PERIOD_TIME) ??
      configuration.get(SlotOptions.REQUEST_TIMEOUT),
  }
}
