import assert from 'node:assert/strict'
import type { ExecutionState } from '../messages/messages.generated.js'

/** The states that a task itself goes through; those before are the JobMaster's. */
export type TaskState = Extract<
  ExecutionState,
  'DEPLOYING' | 'INITIALIZING' | 'RUNNING' | 'FINISHED' | 'CANCELING' | 'CANCELED' | 'FAILED'
>

const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  DEPLOYING: ['INITIALIZING', 'CANCELING', 'FAILED'],
  INITIALIZING: ['RUNNING', 'CANCELING', 'FAILED'],
  RUNNING: ['FINISHED', 'CANCELING', 'FAILED'],
  CANCELING: ['CANCELED', 'FAILED'],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
}

/** Whether nothing follows on `state`. */
export function isTerminalTaskState(state: TaskState): boolean {
  return TRANSITIONS[state].length === 0
}

/** @returns `to`, if a task may go there from `from` */
export function taskTransition(from: TaskState, to: TaskState): TaskState {
  assert(TRANSITIONS[from].includes(to), `a task cannot go from ${from} to ${to}`)
  return to
}
