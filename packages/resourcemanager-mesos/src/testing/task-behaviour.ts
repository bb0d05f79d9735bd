import type { TaskInfo } from '@flink-ts/mesos-client'

/** The process of a simulated task, from within. */
export interface SimulatedTaskProcess {
  readonly info: TaskInfo
  readonly hostname: string
  /** It ends by itself; nothing happens when it has ended. @param message default: Mesos' words for the status */
  exit(status: number, message?: string): void
}

/** What becomes of a task that is launched. */
export interface TaskBehaviour {
  /** Until it is STARTING: the fetcher. Default 20. */
  readonly stagingMs?: number
  /** From STARTING until RUNNING. Default 30. */
  readonly startingMs?: number
  /** It fails instead of being STARTING. */
  readonly launchFailure?: { readonly message: string; readonly reason: string }
  /** It hangs: never STARTING. */
  readonly staysStaging?: boolean
  /** Its process begins (with RUNNING). @returns how it is ended from outside */
  readonly run?: (process: SimulatedTaskProcess) => (() => void) | undefined
  /** From the wish to end it until it has ended; the grace period of the task at most. Default 10. */
  readonly killMs?: number
}

/** It becomes RUNNING and goes on until it is killed. */
export const RUNS_FOREVER: TaskBehaviour = {}
