import {
  ClusterOptions,
  type Configuration,
  ResourceManagerOptions,
  TaskManagerOptions,
} from '@flink-ts/core'
import type { WorkerResourceSpec } from '../resource-manager-driver.js'
import type { LoadBalanceMode } from './task-manager-order.js'

/** How much of everything the cluster has at least or at most. */
export interface ResourceBounds {
  readonly slots: number
  readonly cpuCores: number
  /** Memory for tasks, in bytes. */
  readonly memoryBytes: number
}

export interface SlotManagerSettings {
  /** `slotmanager.requirement-check.delay`: changes are collected for so long. Milliseconds. */
  readonly requirementCheckDelayMs: number
  /** `taskmanager.load-balance.mode` */
  readonly loadBalanceMode: LoadBalanceMode
  /** `cluster.fine-grained-resource-management.enabled` */
  readonly fineGrained: boolean
  /** `slotmanager.number-of-slots.max`, `slotmanager.max-total-resource.*` */
  readonly max: ResourceBounds
  /** `slotmanager.number-of-slots.min`, `slotmanager.min-total-resource.*` */
  readonly min: ResourceBounds
  /** `slotmanager.redundant-taskmanager-num` */
  readonly redundantTaskManagers: number
  /** `resourcemanager.taskmanager-timeout`, in milliseconds. */
  readonly taskManagerTimeoutMs: number
  /** What a worker has that the driver starts; undefined: it cannot start any. */
  readonly workerSpec?: WorkerResourceSpec
}

const INFINITE = Number.POSITIVE_INFINITY

/** Flink's defaults. */
export const DEFAULT_SLOT_MANAGER_SETTINGS: SlotManagerSettings = {
  // Flink waits 50 ms for more to come; here a JobMaster declares all that it needs in one message, and a turn suffices.
  requirementCheckDelayMs: 0,
  loadBalanceMode: 'NONE',
  fineGrained: false,
  max: { slots: INFINITE, cpuCores: INFINITE, memoryBytes: INFINITE },
  min: { slots: 0, cpuCores: 0, memoryBytes: 0 },
  redundantTaskManagers: 0,
  taskManagerTimeoutMs: 30_000,
}

/** @throws IllegalConfigurationError naming the key whose value is not valid */
export function slotManagerSettings(configuration: Configuration): SlotManagerSettings {
  const maxSlots = configuration.get(ResourceManagerOptions.MAX_SLOT_NUM)
  const spread = configuration.get(ClusterOptions.EVENLY_SPREAD_OUT_SLOTS)
  return {
    ...DEFAULT_SLOT_MANAGER_SETTINGS,
    loadBalanceMode:
      configuration.get(TaskManagerOptions.LOAD_BALANCE_MODE) ?? (spread ? 'SLOTS' : 'NONE'),
    fineGrained: configuration.get(ClusterOptions.FINE_GRAINED_RESOURCE_MANAGEMENT),
    max: {
      slots: maxSlots === ResourceManagerOptions.MAX_SLOT_NUM.defaultValue ? INFINITE : maxSlots,
      cpuCores: configuration.get(ResourceManagerOptions.MAX_TOTAL_CPU) ?? INFINITE,
      memoryBytes: configuration.get(ResourceManagerOptions.MAX_TOTAL_MEM) ?? INFINITE,
    },
    min: {
      slots: configuration.get(ResourceManagerOptions.MIN_SLOT_NUM),
      cpuCores: configuration.get(ResourceManagerOptions.MIN_TOTAL_CPU) ?? 0,
      memoryBytes: configuration.get(ResourceManagerOptions.MIN_TOTAL_MEM) ?? 0,
    },
    redundantTaskManagers: configuration.get(ResourceManagerOptions.REDUNDANT_TASK_MANAGER_NUM),
    taskManagerTimeoutMs: configuration.get(ResourceManagerOptions.TASK_MANAGER_TIMEOUT),
  }
}
