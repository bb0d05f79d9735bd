import type { ExecutionState } from '../messages/messages.generated.js'
import type { TransitionTable } from './state-machine.js'

/** All states of an attempt, in the order in which REST shows them. */
export const EXECUTION_STATES: readonly ExecutionState[] = [
  'CREATED',
  'SCHEDULED',
  'DEPLOYING',
  'INITIALIZING',
  'RUNNING',
  'FINISHED',
  'CANCELING',
  'CANCELED',
  'FAILED',
  'RECONCILING',
]

/** The states of one attempt of a task, and which follow each. */
export const EXECUTION_STATE_TRANSITIONS: TransitionTable<ExecutionState> = {
  CREATED: ['SCHEDULED', 'RECONCILING', 'CANCELED', 'FAILED'],
  SCHEDULED: ['DEPLOYING', 'CANCELED', 'FAILED'],
  DEPLOYING: ['INITIALIZING', 'RUNNING', 'CANCELING', 'FAILED'],
  INITIALIZING: ['RUNNING', 'CANCELING', 'FAILED'],
  RUNNING: ['FINISHED', 'CANCELING', 'FAILED'],
  CANCELING: ['CANCELED', 'FAILED'],
  RECONCILING: ['INITIALIZING', 'RUNNING', 'FINISHED', 'CANCELED', 'FAILED'],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
}

/** Whether nothing follows `state`. */
export function isTerminalExecutionState(state: ExecutionState): boolean {
  return EXECUTION_STATE_TRANSITIONS[state].length === 0
}

/** The state of a vertex as Flink derives it from those of its subtasks. */
export function aggregateExecutionState(states: Iterable<ExecutionState>): ExecutionState {
  const seen = new Set(states)
  for (const state of ['FAILED', 'CANCELING', 'CANCELED', 'INITIALIZING', 'RUNNING'] as const) {
    if (seen.has(state)) return state
  }
  if (seen.has('FINISHED')) return seen.size === 1 ? 'FINISHED' : 'RUNNING'
  return 'CREATED'
}
