import type { AccumulatorSnapshot, LogFields, LogLevel, SerializedError } from '@flink-ts/core'
import type { CheckpointBarrier, TaskShuffleHandle } from '@flink-ts/network'
import type { CheckpointFailureReason } from '../checkpoint/checkpoint-failure-reason.js'
import type { SubtaskCheckpointMetrics } from '../checkpoint/checkpoint-gateways.js'
import type { SubtaskState } from '../checkpoint/pending-checkpoint.js'
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
  | { readonly type: 'triggerCheckpoint'; readonly barrier: CheckpointBarrier }
  | { readonly type: 'checkpointComplete'; readonly checkpointId: bigint }
  | { readonly type: 'checkpointAborted'; readonly checkpointId: bigint }

/** From a task's thread. The last one tells a terminal state. */
export type TaskThreadReport =
  /** What was to be imported before the task is known is here. */
  | { readonly type: 'preloaded' }
  | { readonly type: 'state'; readonly state: TaskState; readonly error?: SerializedError }
  | { readonly type: 'operatorEvent'; readonly operatorId: string; readonly payload: Uint8Array }
  | {
      readonly type: 'checkpointAcknowledged'
      readonly checkpointId: bigint
      readonly state: SubtaskState
      readonly metrics: SubtaskCheckpointMetrics
    }
  | {
      readonly type: 'checkpointDeclined'
      readonly checkpointId: bigint
      readonly reason: CheckpointFailureReason
      readonly cause?: SerializedError
    }
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
