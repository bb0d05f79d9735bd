import type { KeyedRestorePart, OperatorRestorePart, StateHandle } from '@flink-ts/state'
import { jsonWithBytes, parseJsonWithBytes } from './json-with-bytes.js'

/** What one operator of a subtask begins with. */
export interface OperatorRestore {
  readonly keyed: readonly KeyedRestorePart[]
  readonly operatorState: readonly OperatorRestorePart[]
  /** Of the channels of the task, at its head. */
  readonly inFlight: readonly StateHandle[]
  /** The subtask had ended in the checkpoint. */
  readonly finished: boolean
}

/** What a task begins with: its part of a checkpoint. */
export interface TaskRestore {
  readonly checkpointId: bigint
  /** By operator id; one that is missing begins with nothing, though it is told that there was a checkpoint. */
  readonly operators: ReadonlyMap<string, OperatorRestore>
}

/** `TaskDeploymentDescriptor.task_restore`. */
export function encodeTaskRestore(restore: TaskRestore): Uint8Array {
  return jsonWithBytes(restore)
}

/** @throws SyntaxError */
export function decodeTaskRestore(bytes: Uint8Array): TaskRestore {
  return parseJsonWithBytes(bytes) as TaskRestore
}
