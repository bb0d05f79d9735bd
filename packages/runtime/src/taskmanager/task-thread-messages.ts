import type { AccumulatorSnapshot, LogFields, LogLevel, SerializedError } from '@flink-ts/core'
import type { TaskShuffleHandle } from '@flink-ts/network'
import type { TaskThreadDeployment } from './assemble-task.js'
import type { ManagedMemoryCounters } from './memory/slot-managed-memory.js'
import type { TaskState } from './task-state.js'

/** What a thread starts with, before it knows its task. */
export interface TaskThreadSetup {
  /** Modules to import at once. */
  readonly preload: readonly string[]
}

/** What a task's thread works with. Cloneable. */
export interface TaskThreadData {
  readonly task: TaskThreadDeployment
  readonly shuffle: TaskShuffleHandle
  /** The cluster's configuration. */
  readonly configuration: Readonly<Record<string, string>>
  /** Of `TaskCounters`. */
  readonly counters: SharedArrayBuffer
  /** Of `TaskThreadControl`. */
  readonly control: SharedArrayBuffer
  readonly managedMemory: ManagedMemoryCounters
}

/** To a task's thread; the first is `start`, once. */
export type TaskThreadCommand =
  | { readonly type: 'start'; readonly data: TaskThreadData }
  | { readonly type: 'cancel' }
  | { readonly type: 'fail'; readonly error: SerializedError }
  | { readonly type: 'operatorEvent'; readonly operatorId: string; readonly payload: Uint8Array }

/** From a task's thread. The last one tells a terminal state. */
export type TaskThreadReport =
  | { readonly type: 'state'; readonly state: TaskState; readonly error?: SerializedError }
  | { readonly type: 'operatorEvent'; readonly operatorId: string; readonly payload: Uint8Array }
  | {
      readonly type: 'metrics'
      readonly values: Readonly<Record<string, number>>
      readonly accumulators: readonly AccumulatorSnapshot[]
    }
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields: LogFields
    }
