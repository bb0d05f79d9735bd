import type { Clock, Logger } from '@flink-ts/core'
import type { CopiedSlot } from '@flink-ts/network'
import type { OperatorChain } from '../operators/operator-chain.js'
import type { JobCode } from '../operators/stream-operator.js'
import type { TaskCheckpointIo } from './checkpoint/task-checkpoint-io.js'
import type { Mailbox } from './mailbox.js'
import type { TaskTime } from './metrics/task-time.js'
import type { TaskInput, TaskOutput } from './task-io.js'
import type { TaskState } from './task-state.js'

/** What a task works with. Closed by the task. */
export interface TaskParts {
  readonly chain: OperatorChain
  readonly inputs: readonly TaskInput[]
  readonly outputs: readonly TaskOutput[]
  /** Reads what a checkpoint has stored of a gate's channels. */
  storedInput?(gate: number, channels: readonly (readonly CopiedSlot[])[]): TaskInput
  /** Tells whether the job's program gives a record of a gate to this subtask. */
  ownsRecord?(gate: number): (value: unknown) => boolean
}

export interface StreamTaskOptions {
  /** Name with subtask, such as `tokenize (2/4)`. */
  readonly name: string
  readonly clock: Clock
  /** Finds the job's code; runs in INITIALIZING. */
  readonly loadCode: () => JobCode | Promise<JobCode>
  /** Makes the operators and takes the gates and partitions; not called for a task that was cancelled before. */
  readonly assemble: (code: JobCode, mailbox: Mailbox) => TaskParts
  /** How long records may wait in an unfilled buffer, in ms; 0: the outputs flush each by themselves, -1: full buffers only. */
  readonly bufferTimeoutMs: number
  /** Has `step` called soon, in the task's own thread. May be called at any time, also from within `step`. */
  readonly wake: () => void
  /** Called within `step`; `error` with CANCELED and FAILED, if there is one. */
  readonly onStateChange: (state: TaskState, error: unknown) => void
  /** Absent: there are no checkpoints, and the task begins anew. */
  readonly checkpoints?: TaskCheckpointIo
  /** Where the task counts its time. Default: for itself only. */
  readonly time?: TaskTime
  readonly log?: Logger
}
