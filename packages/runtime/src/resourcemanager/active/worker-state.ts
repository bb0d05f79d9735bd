/**
 * A worker that a driver was asked for: REQUESTED until it is granted, STARTED until its TaskManager
 * registers, RECOVERED if it was left by an earlier attempt, or lost its connection, and has to register
 * again.
 */
export type WorkerState = 'REQUESTED' | 'STARTED' | 'RECOVERED' | 'REGISTERED' | 'GONE'

/** Which state may follow which. REGISTERED again: its TaskManager registers once more. */
export const WORKER_TRANSITIONS: Readonly<Record<WorkerState, readonly WorkerState[]>> = {
  REQUESTED: ['STARTED', 'GONE'],
  STARTED: ['REGISTERED', 'GONE'],
  RECOVERED: ['REGISTERED', 'GONE'],
  REGISTERED: ['REGISTERED', 'RECOVERED', 'GONE'],
  GONE: [],
}
