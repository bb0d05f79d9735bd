import type { SerializedError } from '@flink-ts/core'
import type {
  CheckpointBarrier,
  InputGateDescriptor,
  ResultPartitionDescriptor,
} from '@flink-ts/network'
import type { CheckpointFailureReason } from '../checkpoint/checkpoint-failure-reason.js'
import type { SubtaskCheckpointMetrics } from '../checkpoint/checkpoint-gateways.js'
import type { SubtaskState } from '../checkpoint/pending-checkpoint.js'
import type { TaskRestore } from '../checkpoint/task-restore.js'
import type { JobEdge, JobType, JobVertex, ProgramDescriptor } from '../jobgraph/job-graph.js'
import type { ExecutionState, TaskMetrics } from '../messages/messages.generated.js'
import type { LocalStateFolders } from './local-state/local-state-folders.js'
import type { SlotResources, SlotSharing } from './memory/slot-sharing.js'

/** What tasks must know of the checkpoints of their job. JSON. */
export interface TaskCheckpointing {
  /** Checkpoints are taken by themselves: sinks commit with them, and tasks may wait for one more at their end. */
  readonly isPeriodic: boolean
  /** `<execution.checkpointing.dir>/<job id>`: `chk-<n>` and `shared` are below it. Absent: there are savepoints only. */
  readonly jobDirectory?: string
  /** `execution.checkpointing.data-inline-threshold`, in bytes: smaller state travels with the acknowledgement. */
  readonly inlineThresholdBytes: number
  /** `execution.checkpointing.unaligned.enabled` of a job whose mode is EXACTLY_ONCE. */
  readonly unaligned: boolean
  /** `execution.checkpointing.checkpoints-after-tasks-finish` */
  readonly afterTasksFinish: boolean
}

/** The part of a deployment that all tasks of a job share. JSON. */
export interface JobInformation {
  readonly jobId: string
  readonly jobName: string
  readonly jobType: JobType
  readonly configuration: Readonly<Record<string, string>>
  readonly program?: ProgramDescriptor
  /** Absent: nobody asks for a checkpoint, at most for a savepoint. */
  readonly checkpointing?: TaskCheckpointing
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
  /** For each of `outputEdges`: whether unaligned barriers may overtake its records. Absent: of none. */
  readonly overtakableOutputs?: readonly boolean[]
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
  /** What it begins with. Absent: with nothing. */
  readonly restore?: TaskRestore
  /** Where second copies of its state are. Absent: there are none. */
  readonly localState?: LocalStateFolders
}

/** What a running task tells its TaskExecutor. Called in the TaskExecutor's own thread, in order. */
export interface TaskListener {
  /** INITIALIZING, RUNNING and then one of FINISHED, CANCELED, FAILED; nothing after a terminal state. */
  onStateChange(state: ExecutionState, error: SerializedError | undefined): void
  /** An operator sent an event to its coordinator. */
  onOperatorEvent(operatorId: string, payload: Uint8Array): void
  /** Its part of a checkpoint is written. Also after its end has been told, if the checkpoint began before. */
  onCheckpointAcknowledged(
    checkpointId: bigint,
    state: SubtaskState,
    metrics: SubtaskCheckpointMetrics,
  ): void
  /** It has no part in a checkpoint. */
  onCheckpointDeclined(
    checkpointId: bigint,
    reason: CheckpointFailureReason,
    cause: SerializedError | undefined,
  ): void
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
  /** Begins a checkpoint here; behind all operator events that were delivered before. A task with inputs waits for their ends. */
  triggerCheckpoint(barrier: CheckpointBarrier): void
  /** All tasks have written their parts of this checkpoint. Ids rise. */
  notifyCheckpointComplete(checkpointId: bigint): void
  /** Nothing will come of this checkpoint. */
  notifyCheckpointAborted(checkpointId: bigint): void
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
