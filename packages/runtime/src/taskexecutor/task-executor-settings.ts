import { type Configuration, TaskManagerOptions } from '@flink-ts/core'
import {
  DEFAULT_HEARTBEAT_SETTINGS,
  type HeartbeatSettings,
  heartbeatSettings,
} from '../heartbeat/heartbeat-settings.js'
import type {
  HardwareDescription,
  ResourceProfile,
  TaskManagerMemoryConfiguration,
} from '../messages/messages.generated.js'
import {
  DEFAULT_REGISTRATION_SETTINGS,
  type RegistrationSettings,
  registrationSettings,
} from '../registration/registration-settings.js'

/** What a TaskExecutor is configured with; times in milliseconds. */
export interface TaskExecutorSettings {
  readonly heartbeat: HeartbeatSettings
  readonly registration: RegistrationSettings
  /** `taskmanager.slot.timeout` */
  readonly slotTimeoutMs: number
  /** `taskmanager.registration.timeout` */
  readonly registrationTimeoutMs: number
}

/** What a TaskManager is and has. */
export interface TaskManagerFacts {
  readonly numberOfSlots: number
  readonly hardware: HardwareDescription
  readonly memory: TaskManagerMemoryConfiguration
  /** Of each slot. */
  readonly slotProfile: ResourceProfile
  readonly totalProfile: ResourceProfile
}

/** Flink's defaults. */
export const DEFAULT_TASK_EXECUTOR_SETTINGS: TaskExecutorSettings = {
  heartbeat: DEFAULT_HEARTBEAT_SETTINGS,
  registration: DEFAULT_REGISTRATION_SETTINGS,
  slotTimeoutMs: 10_000,
  registrationTimeoutMs: 300_000,
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function taskExecutorSettings(configuration: Configuration): TaskExecutorSettings {
  return {
    heartbeat: heartbeatSettings(configuration),
    registration: registrationSettings(configuration),
    slotTimeoutMs: configuration.get(TaskManagerOptions.SLOT_TIMEOUT),
    registrationTimeoutMs: configuration.get(TaskManagerOptions.REGISTRATION_TIMEOUT),
  }
}
