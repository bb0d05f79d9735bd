/**
 * Bodies of the REST API, with Flink's own field names. Times are milliseconds since the epoch (-1: not yet),
 * durations milliseconds, sizes bytes unless a field says otherwise.
 */

export interface ErrorResponseBody {
  readonly errors: readonly string[]
}

export interface ClusterOverviewBody {
  readonly taskmanagers: number
  readonly 'slots-total': number
  readonly 'slots-available': number
  readonly 'jobs-running': number
  readonly 'jobs-finished': number
  readonly 'jobs-cancelled': number
  readonly 'jobs-failed': number
  readonly 'flink-version': string
  readonly 'flink-commit': string
}

export interface DashboardConfigurationBody {
  readonly 'refresh-interval': number
  readonly 'timezone-name': string
  readonly 'timezone-offset': number
  readonly 'flink-version': string
  readonly 'flink-revision': string
  readonly features: {
    readonly 'web-submit': boolean
    readonly 'web-cancel': boolean
    readonly 'web-rescale': boolean
    readonly 'web-history': boolean
  }
}

export interface ConfigurationEntryBody {
  readonly key: string
  readonly value: string
}

export interface JobIdsBody {
  readonly jobs: readonly { readonly id: string; readonly status: string }[]
}

/** Subtasks per execution state, in lower case, and `total`. */
export type TaskCountsBody = Readonly<Record<string, number>>

export interface JobOverviewBody {
  readonly jid: string
  readonly name: string
  readonly jobType: string
  readonly schedulerType: string
  readonly 'start-time': number
  readonly 'end-time': number
  readonly duration: number
  readonly state: string
  readonly 'last-modification': number
  readonly tasks: TaskCountsBody
  readonly 'pending-operators': number
  /** What the job waits for now, for people. Not in Flink. */
  readonly 'waiting-for'?: string
}

export interface JobsOverviewBody {
  readonly jobs: readonly JobOverviewBody[]
}

export interface IOMetricsBody {
  readonly 'read-bytes': number
  readonly 'read-bytes-complete': boolean
  readonly 'write-bytes': number
  readonly 'write-bytes-complete': boolean
  readonly 'read-records': number
  readonly 'read-records-complete': boolean
  readonly 'write-records': number
  readonly 'write-records-complete': boolean
  readonly 'accumulated-backpressured-time': number
  readonly 'accumulated-idle-time': number
  readonly 'accumulated-busy-time': number
}

export interface JobVertexBody {
  readonly id: string
  readonly slotSharingGroupId: string
  readonly name: string
  readonly maxParallelism: number
  readonly parallelism: number
  readonly status: string
  readonly 'start-time': number
  readonly 'end-time': number
  readonly duration: number
  /** Subtasks per execution state. */
  readonly tasks: Readonly<Record<string, number>>
  readonly metrics: IOMetricsBody
}

export interface PlanNodeInputBody {
  readonly num: number
  readonly id: string
  readonly ship_strategy: string
  readonly exchange: string
}

export interface PlanNodeBody {
  readonly id: string
  readonly operator: string
  readonly parallelism: number
  readonly operator_strategy: string
  /** HTML-escaped, the chain as a tree of `<br/>` lines. */
  readonly description: string
  readonly optimizer_properties: Readonly<Record<string, never>>
  readonly inputs?: readonly PlanNodeInputBody[]
}

export interface PlanBody {
  readonly jid: string
  readonly name: string
  readonly type: string
  readonly nodes: readonly PlanNodeBody[]
}

export interface JobDetailsBody {
  readonly jid: string
  readonly name: string
  readonly isStoppable: boolean
  readonly state: string
  readonly 'job-type': string
  readonly schedulerType: string
  readonly 'start-time': number
  readonly 'end-time': number
  readonly duration: number
  readonly maxParallelism: number
  readonly now: number
  /** When each job status was entered; 0: never. */
  readonly timestamps: Readonly<Record<string, number>>
  readonly vertices: readonly JobVertexBody[]
  /** Vertices per execution state. */
  readonly 'status-counts': Readonly<Record<string, number>>
  readonly plan: PlanBody
  readonly 'pending-operators': number
  /** What the job waits for now, for people. Not in Flink. */
  readonly 'waiting-for'?: string
}

export interface JobPlanBody {
  readonly plan: PlanBody
}

export interface JobConfigBody {
  readonly jid: string
  readonly name: string
  readonly 'execution-config': {
    readonly 'restart-strategy': string
    readonly 'job-parallelism': number
    readonly 'object-reuse-mode': boolean
    readonly 'user-config': Readonly<Record<string, string>>
  }
}

export interface ExceptionBody {
  readonly exceptionName: string
  readonly stacktrace: string
  readonly timestamp: number
  readonly failureLabels: Readonly<Record<string, string>>
  readonly taskName: string | null
  readonly endpoint: string | null
  readonly taskManagerId: string | null
  readonly concurrentExceptions?: readonly ExceptionBody[]
}

export interface JobExceptionsBody {
  readonly exceptionHistory: {
    readonly entries: readonly ExceptionBody[]
    readonly truncated: boolean
  }
}

export interface SerializedThrowableBody {
  readonly class: string
  readonly 'stack-trace': string
  /** Base64 of the JSON of core's `SerializedError`. */
  readonly 'serialized-throwable': string
}

export interface JobResultBody {
  readonly id: string
  readonly name: string
  readonly 'application-status': 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'UNKNOWN'
  /** By name; base64 of the JSON of an `AccumulatorSnapshot` of `@flink-ts/core`. */
  readonly 'accumulator-results': Readonly<Record<string, string>>
  readonly 'net-runtime': number
  readonly 'failure-cause'?: SerializedThrowableBody
  readonly 'start-time': number
  readonly 'end-time': number
}

export interface JobExecutionResultBody {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' }
  readonly 'job-execution-result'?: JobResultBody
}

export interface JobStatusBody {
  readonly status: string
}

/** Bounds of the parallelism by vertex id. */
export type JobResourceRequirementsBody = Readonly<
  Record<
    string,
    { readonly parallelism: { readonly lowerBound: number; readonly upperBound: number } }
  >
>

export interface JobSubmitRequestBody {
  /** File name of the part that holds the JSON of the JobGraph. */
  readonly executionPlanFileName: string
  /** File name of the part that holds the program's bundle; at most one. */
  readonly jobJarFileNames: readonly string[]
}

export interface JobSubmitResponseBody {
  /** `/jobs/<id>` */
  readonly jobUrl: string
}

export interface SubtaskBody {
  readonly subtask: number
  readonly status: string
  readonly attempt: number
  /** `host:port` of the TaskManager's data connection; `(unassigned)` before there is one. */
  readonly endpoint: string
  readonly 'start-time': number
  readonly 'end-time': number
  readonly duration: number
  readonly metrics: IOMetricsBody
  readonly 'taskmanager-id': string
  readonly 'status-duration': Readonly<Record<string, number>>
  readonly start_time: number
}

export interface JobVertexDetailsBody {
  readonly id: string
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  readonly now: number
  readonly subtasks: readonly SubtaskBody[]
}

export interface MetricBody {
  readonly id: string
  /** Text, for numbers too. */
  readonly value?: string
}

export interface ResourceProfileBody {
  readonly cpuCores: number
  /** Megabytes, as the following ones. */
  readonly taskHeapMemory: number
  readonly taskOffHeapMemory: number
  readonly managedMemory: number
  readonly networkMemory: number
  readonly extendedResources: Readonly<Record<string, number>>
}

export interface TaskManagerBody {
  readonly id: string
  readonly path: string
  readonly dataPort: number
  readonly jmxPort: number
  readonly timeSinceLastHeartbeat: number
  readonly slotsNumber: number
  readonly freeSlots: number
  readonly assignedTasks: number
  readonly totalResource: ResourceProfileBody
  readonly freeResource: ResourceProfileBody
  readonly hardware: {
    readonly cpuCores: number
    readonly physicalMemory: number
    readonly freeMemory: number
    readonly managedMemory: number
  }
  readonly memoryConfiguration: Readonly<Record<string, number>>
}

export interface TaskManagersBody {
  readonly taskmanagers: readonly TaskManagerBody[]
}

export interface TaskManagerDetailsBody extends TaskManagerBody {
  readonly allocatedSlots: readonly {
    readonly jobId: string
    readonly resource: ResourceProfileBody
    readonly assignedTasks: number
  }[]
  readonly metrics: Readonly<Record<string, number | readonly unknown[]>>
}
