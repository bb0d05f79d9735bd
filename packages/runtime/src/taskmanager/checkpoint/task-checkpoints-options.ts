import type { Clock, FileSystems, Logger } from '@flink-ts/core'
import type { OperatorChain } from '../../operators/operator-chain.js'
import type { TaskLocalState } from '../local-state/task-local-state.js'
import type { TaskInput, TaskOutput } from '../task-io.js'
import type { TaskCheckpointing } from '../task-launcher.js'
import type { CheckpointFiles } from './checkpoint-files.js'
import type { TaskEdges } from './in-flight-capture.js'
import type { CheckpointReports } from './subtask-checkpoint.js'

/** What a task's checkpoints work with, and what they have the task do. */
export interface TaskCheckpointsOptions {
  readonly chain: OperatorChain
  readonly inputs: readonly TaskInput[]
  readonly outputs: readonly TaskOutput[]
  readonly files: CheckpointFiles
  readonly fileSystems: FileSystems
  readonly checkpointing: TaskCheckpointing | undefined
  readonly edges: TaskEdges
  readonly localState?: TaskLocalState | undefined
  /** Ids of the operators of a task that had finished in the checkpoint it is restored from; they are not even open. */
  readonly finishedOperators: readonly string[] | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly reports: CheckpointReports
  /** Has the action run in the task's thread, between two records. */
  readonly execute: (action: () => void, description: string) => void
  /** Nothing else happens in the task until the promise has settled; a rejection fails the task. */
  readonly hold: (work: Promise<void>) => void
  /** The data of a source end here, event time at its end, and the operators finish. */
  readonly drain: () => void
  /** The data of the task end here, and the operators do not finish. */
  readonly suspend: () => void
  readonly wake: () => void
}
