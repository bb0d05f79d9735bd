import type { FileSystems, Random } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import { type CheckpointLocation, StateStreams } from '@flink-ts/state'
import type { TaskLocalState } from '../local-state/task-local-state.js'
import type { TaskCheckpointing } from '../task-launcher.js'

export interface CheckpointFilesOptions {
  readonly fileSystems: FileSystems
  readonly random: Random
  /** Of the job. Absent: savepoints only. */
  readonly checkpointing: TaskCheckpointing | undefined
  /** Keeps second copies, but of savepoints. Default: nobody does. */
  readonly localState?: TaskLocalState | undefined
}

/** Knows where the files of a checkpoint go. */
export class CheckpointFiles {
  readonly #options: CheckpointFilesOptions

  constructor(options: CheckpointFilesOptions) {
    this.#options = options
  }

  /** A job without a folder keeps its checkpoints in the memory of the JobManager: only large state needs one. */
  streams(barrier: CheckpointBarrier): StateStreams {
    const { fileSystems, random, checkpointing, localState } = this.#options
    const isSavepoint = barrier.targetLocation !== undefined
    const copies = isSavepoint ? undefined : localState?.copies(barrier.checkpointId)
    const threshold = checkpointing?.inlineThresholdBytes
    const locationOf = () => this.#location(barrier)
    return new StateStreams({
      fileSystems,
      random,
      get location() {
        return locationOf()
      },
      ...(threshold !== undefined && { inlineThresholdBytes: threshold }),
      ...(copies !== undefined && { copies }),
    })
  }

  /** @throws Error if the barrier names no folder and the job has none */
  #location({ checkpointId, targetLocation }: CheckpointBarrier): CheckpointLocation {
    if (targetLocation !== undefined) {
      return { directory: targetLocation, sharedDirectory: targetLocation }
    }
    const directory = this.#options.checkpointing?.jobDirectory
    if (directory === undefined) {
      throw new Error(
        `Cannot store checkpoint ${checkpointId}: the state of a subtask is too large for the memory of the JobManager, and the job has no folder for checkpoints; set execution.checkpointing.dir`,
      )
    }
    return { directory: `${directory}/chk-${checkpointId}`, sharedDirectory: `${directory}/shared` }
  }
}
