import type { WorkerProcess } from '../local-processes.js'

/** Where workers are remembered for the next JobManager of the cluster. */
export interface WorkerRecords {
  /** Those on this machine that still run. */
  read(): Promise<WorkerProcess[]>
  /** @throws LeadershipLostError: whoever leads now does not know the worker */
  add(worker: WorkerProcess): Promise<void>
  /** Never rejects: a worker that is remembered for nothing is found to have ended. */
  remove(worker: WorkerProcess): Promise<void>
  /** Nothing is tried again. */
  close(): void
}
