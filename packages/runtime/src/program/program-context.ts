import type { AccumulatorSnapshot, Configuration } from '@flink-ts/core'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobCode } from '../operators/stream-operator.js'

/** How one `execute()` of a program ended. JSON: tasks that run the program again are told it. */
export interface JobExecutionResult {
  readonly jobId: string
  readonly jobName: string
  /** Milliseconds. */
  readonly netRuntimeMs: number
  /** Of all subtasks, merged. */
  readonly accumulators: readonly AccumulatorSnapshot[]
}

/** Which savepoint of a job is wanted, and what becomes of the job then. */
export interface SavepointRequest {
  /** The savepoint's folder is made in there. Absent: `execution.checkpointing.savepoint-dir`. */
  readonly directory?: string
  /**
   * `suspend`: the job commits what belongs to the savepoint and is FINISHED. `drain`: event time goes to its end before.
   * `cancel`: the job is cancelled. Absent: it goes on.
   */
  readonly end?: 'suspend' | 'drain' | 'cancel'
}

/** A submitted job that has not ended yet. */
export interface SubmittedJob {
  readonly jobId: string
  /** @throws JobExecutionError when the job failed or was cancelled */
  result(): Promise<JobExecutionResult>
  status(): Promise<import('../messages/messages.generated.js').JobStatus>
  cancel(): Promise<void>
  /** What the accumulators hold now. */
  accumulators(): Promise<readonly AccumulatorSnapshot[]>
  /** Takes a savepoint. @returns its folder. @throws FlinkError if it, or what was to become of the job, failed */
  savepoint(request: SavepointRequest): Promise<string>
}

/** What the environment built up to an `execute()`: the graph for the cluster and the code for the tasks. */
export interface RecordedJob {
  /** Without `program`: whoever runs the program adds it. */
  readonly jobGraph: JobGraph
  readonly code: JobCode
  /** See `ProgramDescriptor.structure`. */
  readonly structure: readonly string[]
  /** User functions by operator or edge id, whose captured values are compared between traces. */
  readonly functions: ReadonlyMap<string, readonly CallableFunction[]>
  /** The operators before they are put into chains, as JSON: what `flink info` prints. */
  readonly executionPlan: unknown
}

/**
 * Who runs the program: found by `StreamExecutionEnvironment.getExecutionEnvironment()`.
 * In a client it submits; in a task thread it stops the program at the `execute()` that is wanted.
 */
export interface ProgramContext {
  readonly mode: 'submission' | 'tracing'
  /** Cluster configuration plus `-D` and `-p`; the program's own settings go over it. */
  readonly configuration: Configuration
  /** Submits the job. In a trace it never settles at the job in question and replays the result before it. */
  execute(job: RecordedJob): Promise<SubmittedJob>
  /** Runs `fn` once in the client; in a trace answers what it answered there. The value must be JSON. */
  fromSubmission<T>(name: string, fn: () => T | Promise<T>): Promise<T>
}

const KEY = Symbol.for('@flink-ts/runtime/ProgramContext')
type Holder = { [KEY]?: ProgramContext | undefined }

/** Makes `context` the one that environments of this thread find; answers a function that takes it away. */
export function installProgramContext(context: ProgramContext): () => void {
  const holder = globalThis as Holder
  const previous = holder[KEY]
  holder[KEY] = context
  return () => {
    holder[KEY] = previous
  }
}

/** The context of this thread, if a client or a task thread runs the program. */
export function currentProgramContext(): ProgramContext | undefined {
  return (globalThis as Holder)[KEY]
}
