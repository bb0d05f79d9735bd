import type { FileSystems, Logger, Random } from '@flink-ts/core'
import type { TaskRestore } from '../../checkpoint/task-restore.js'
import { TaskLocalState } from '../local-state/task-local-state.js'
import type { TaskCheckpointing, TaskDeployment } from '../task-launcher.js'
import { CheckpointFiles } from './checkpoint-files.js'
import type { TaskEdges } from './in-flight-capture.js'
import type { CheckpointReports } from './subtask-checkpoint.js'

/** What a task's checkpoints work with. */
export interface TaskCheckpointIo {
  readonly files: CheckpointFiles
  readonly fileSystems: FileSystems
  readonly reports: CheckpointReports
  /** Absent: there are no second copies of its state. */
  readonly localState?: TaskLocalState | undefined
  /** Of the job. Absent: savepoints only. */
  readonly checkpointing: TaskCheckpointing | undefined
  readonly edges: TaskEdges
  /** What the task begins with. Absent: with nothing. */
  readonly restore: TaskRestore | undefined
}

/** @param reports called in the task's thread */
export function taskCheckpointIo(
  { job: { checkpointing }, restore, task, subtaskIndex, localState: folders }: TaskDeployment,
  { fileSystems, random, log }: { fileSystems: FileSystems; random: Random; log: Logger },
  reports: CheckpointReports,
): TaskCheckpointIo {
  const localState = folders && new TaskLocalState({ fileSystems, folders, log, restore })
  const files = new CheckpointFiles({ fileSystems, random, checkpointing, localState })
  const { parallelism, maxParallelism } = task.vertex
  const edges = {
    subtaskIndex,
    parallelism,
    maxParallelism,
    inputs: task.inputEdges,
    outputs: task.outputEdges,
  }
  return { files, fileSystems, reports, localState, checkpointing, edges, restore }
}
