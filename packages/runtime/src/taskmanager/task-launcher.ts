import type { SerializedError } from '@flink-ts/core'
import type { InputGateDescriptor, ResultPartitionDescriptor } from '@flink-ts/network'
import type { JobEdge, JobType, JobVertex, ProgramDescriptor } from '../jobgraph/job-graph.js'
import type { ExecutionState, TaskMetrics } from '../messages/messages.generated.js'
import type { SlotResources, SlotSharing } from './memory/slot-sharing.js'

/** The part of a deployment that all tasks of a job share. JSON. */
export interface JobInformation {
  readonly jobId: string
  readonly jobName: string
  readonly jobType: JobType
  readonly configuration: Readonly<Record<string, string>>
  readonly program?: ProgramDescriptor
}

/** The part of a deployment that all subtasks of a vertex share. JSON. */
export interface TaskInformation {
  readonly vertex: JobVertex
  /** In the order of the task's input gates. */
  readonly inputEdges: readonly JobEdge[]
  /** In the order of the task's result partitions. */
  readonly outputEdges: readonly JobEdge[]
  /** Max parallelism of the target vertex of each of `outputEdges`: what HASH finds a key's channel by. */
  readonly outputMaxParallelisms: readonly number[]
  /** Who else is in the task's slot. Absent: nobody. */
  readonly slotSharing?: SlotSharing
}

/** One attempt of one subtask, ready to run. */
export interface TaskDeployment {
  readonly executionAttemptId: string
  readonly allocationId: string
  readonly subtaskIndex: number
  readonly attemptNumber: number
  readonly job: JobInformation
  readonly task: TaskInformation
  readonly producedPartitions: readonly ResultPartitionDescriptor[]
  readonly inputGates: readonly InputGateDescriptor[]
  /** Local file of the program's bundle, fetched from the BlobServer; absent without one. */
  readonly bundlePath?: string
  /** What its slot has. Absent: the launcher's own limits, and no managed memory. */
  readonly slot?: SlotResources
}

/** What a running task tells its TaskExecutor. Called in the TaskExecutor's own thread, in order. */
export interface TaskListener {
  /** INITIALIZING, RUNNING and then one of FINISHED, CANCELED, FAILED; nothing after a terminal state. */
  onStateChange(state: ExecutionState, error: SerializedError | undefined): void
  /** An operator sent an event to its coordinator. */
  onOperatorEvent(operatorId: string, payload: Uint8Array): void
  /** The task cannot be ended (a native call that never returns): the process must end. */
  onFatalError(error: Error): void
}

/** A task that has been launched. */
export interface RunningTask {
  /** Asks the task to stop; it answers CANCELED. Idempotent. */
  cancel(): void
  /** Lets the task fail with `cause`, as when the connection to its JobMaster is lost. */
  failExternally(cause: Error): void
  /** Events of a coordinator, in order. */
  deliverOperatorEvent(operatorId: string, payload: Uint8Array): void
  /** What it has measured so far; cheap. */
  metrics(): TaskMetrics
  /** Resolves when thread and buffers are gone, which may be after the terminal state was told. */
  readonly released: Promise<void>
}

/** Runs tasks: in worker threads, or all in the caller's own thread (embedded, simulation). */
export interface TaskLauncher {
  launch(deployment: TaskDeployment, listener: TaskListener): RunningTask
  close(): Promise<void>
}
