// IN PROGRESS (10:47): the lead engineer writes program/ tracing right now (all of this folder).
// Engineer B: do worker threads, launchers, cancellation, print; call this from task-thread.ts:
import type { JobInformation } from '../taskmanager/task-launcher.js'
import type { JobCode } from '../operators/stream-operator.js'

/** Runs the program's bundle again in this thread up to the job's `execute()` and yields its code. */
export async function traceProgram(_options: {
  readonly job: JobInformation
  /** The bundle's file; `node_modules/@flink-ts` beside it leads to the cluster's packages. */
  readonly bundlePath: string
}): Promise<JobCode> {
  throw new Error('in progress')
}
