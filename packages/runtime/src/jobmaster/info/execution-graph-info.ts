import type { SerializedError } from '@flink-ts/core'
import type { JobGraph } from '../../jobgraph/job-graph.js'
import type {
  ExecutionState,
  JobStatus,
  TaskManagerLocation,
  TaskMetrics,
} from '../../messages/messages.generated.js'

/** A picture of a job's execution graph, as REST shows it. Plain JSON. */
export interface ExecutionGraphInfo {
  readonly jobId: string
  readonly name: string
  readonly jobType: 'STREAMING' | 'BATCH'
  readonly status: JobStatus
  /** When each status was entered last, ms since the epoch; 0: never. */
  readonly timestamps: Readonly<Record<JobStatus, number>>
  readonly startTimeMs: number
  /** -1: not ended. */
  readonly endTimeMs: number
  /** What the job waits for now, for people. */
  readonly waitingFor?: string
  readonly jobGraph: Pick<JobGraph, 'vertices' | 'edges' | 'configuration'>
  readonly vertices: readonly VertexInfo[]
  readonly exceptionHistory: readonly ExceptionEntry[]
  /** Whether older entries were dropped. */
  readonly exceptionHistoryTruncated: boolean
  readonly failureCause?: SerializedError
  /** Text as Flink prints it, such as `Cluster level default restart strategy`. */
  readonly restartStrategy: string
  readonly schedulerType: 'Default' | 'Adaptive' | 'AdaptiveBatch'
  readonly parallelism: number
  /** Of a job that has ended: what REST shows of its checkpoints. Absent: nothing is known of any. */
  readonly checkpoints?: ArchivedCheckpoints
}

/** What stays known of a job's checkpoints; their subtasks do not. */
export interface ArchivedCheckpoints {
  /** `GET /jobs/:jobid/checkpoints` */
  readonly overview: object
  /** `GET /jobs/:jobid/checkpoints/config` */
  readonly config: object
}

export interface VertexInfo {
  readonly vertexId: string
  readonly aggregateState: ExecutionState
  readonly subtasks: readonly SubtaskInfo[]
}

export interface SubtaskInfo {
  readonly subtaskIndex: number
  readonly current: AttemptInfo
  /** Ended attempts before the current one, oldest first. */
  readonly history: readonly AttemptInfo[]
}

export interface AttemptInfo {
  readonly executionAttemptId: string
  readonly attemptNumber: number
  readonly state: ExecutionState
  /** When each state was entered, ms since the epoch; 0: never. */
  readonly timestamps: Readonly<Record<ExecutionState, number>>
  readonly location?: TaskManagerLocation
  readonly failure?: SerializedError
  readonly metrics?: TaskMetrics
}

export interface ExceptionEntry {
  readonly timestampMs: number
  readonly error: SerializedError
  /** Name of the failed task with its subtask, such as `tokenize (2/4)`. */
  readonly taskName?: string
  readonly taskManagerId?: string
  /** `host:port` of its TaskManager. */
  readonly endpoint?: string
  readonly concurrent: readonly ExceptionEntry[]
}
