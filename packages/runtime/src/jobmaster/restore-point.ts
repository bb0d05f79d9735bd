import type { Logger, SerializedError } from '@flink-ts/core'
import type { CheckpointStatisticsTracker } from '../checkpoint/checkpoint-statistics-tracker.js'
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoint.js'
import type { RecoveredCheckpoints } from '../checkpoint/recover-checkpoints.js'
import { CheckpointsDamagedError } from '../checkpoint/restore-errors.js'
import { StateAssignment } from '../checkpoint/state-assignment.js'
import type { ExecutionVertex } from '../executiongraph/execution-vertex.js'

export interface RestorePointOptions {
  readonly jobId: string
  readonly recovered: RecoveredCheckpoints
  readonly statistics: CheckpointStatisticsTracker
  readonly log: Logger
}

/** What the tasks of a job begin with: the newest checkpoint that is not damaged, else what the job was submitted with. */
export class RestorePoint {
  readonly #options: RestorePointOptions
  #current:
    | { readonly checkpoint: CompletedCheckpoint; readonly state: StateAssignment }
    | undefined
  /** What attempts that have not ended began with. */
  readonly #beganWith = new Map<string, CompletedCheckpoint>()
  #isInitialDamaged = false

  constructor(options: RestorePointOptions) {
    this.#options = options
  }

  /** Undefined: tasks begin with nothing. */
  get state(): StateAssignment | undefined {
    return this.#current?.state
  }

  /** `TaskDeploymentDescriptor.task_restore`; undefined: the task begins with nothing. */
  taskRestore(vertex: ExecutionVertex): Uint8Array | undefined {
    if (this.#current === undefined) return undefined
    this.#beganWith.set(vertex.current.attemptId, this.#current.checkpoint)
    return this.#current.state.taskRestore(vertex)
  }

  executionEnded(executionAttemptId: string): void {
    this.#beganWith.delete(executionAttemptId)
  }

  /** Attempts of the graph before have all ended. */
  graphReplaced(): void {
    this.#beganWith.clear()
  }

  /** An attempt failed; if it could not read what it was to begin with, nobody begins with it any more. */
  taskFailed(executionAttemptId: string, error: SerializedError): void {
    const checkpoint = this.#beganWith.get(executionAttemptId)
    if (checkpoint === undefined || !isDamage(error, checkpoint)) return
    const { recovered, statistics, log, jobId } = this.#options
    const { checkpointId, externalPath } = checkpoint
    if (checkpoint === recovered.initial) this.#isInitialDamaged = true
    else if (!recovered.store.markDamaged(checkpointId)) return
    statistics.damaged(checkpointId, error.message)
    log.warn('A checkpoint is damaged; an older one is used, if there is one', {
      jobId,
      checkpointId: `${checkpointId}`,
      externalPath,
      error,
    })
  }

  /**
   * Fixes what the next tasks begin with.
   *
   * @param latest the newest completed one
   * @returns there were checkpoints, and none can be restored: the job must not begin with nothing
   */
  choose(latest: CompletedCheckpoint | undefined): CheckpointsDamagedError | undefined {
    const { store, initial } = this.#options.recovered
    const damaged = [...store.damagedPaths]
    if (this.#isInitialDamaged && initial !== undefined) damaged.push(initial.externalPath)
    if (latest === undefined && damaged.length > 0) return new CheckpointsDamagedError(damaged)
    const checkpoint = latest ?? initial
    if (checkpoint !== undefined) this.#set(checkpoint)
    return undefined
  }

  #set(checkpoint: CompletedCheckpoint): void {
    const { log, jobId, statistics } = this.#options
    const { checkpointId, externalPath, metadata } = checkpoint
    statistics.restored(checkpoint)
    if (this.#current?.checkpoint !== checkpoint) {
      this.#current = { checkpoint, state: new StateAssignment(metadata) }
    }
    const facts = { jobId, checkpointId: `${checkpointId}`, externalPath }
    log.info('Tasks begin with a checkpoint', facts)
  }
}

/** Whether a task failed since it could not read its part of the checkpoint: a file is damaged, or gone. */
function isDamage(error: SerializedError, { externalPath }: CompletedCheckpoint): boolean {
  // Other files may be missing for other reasons.
  const jobFolder = externalPath.slice(0, externalPath.lastIndexOf('/') + 1)
  for (let at: SerializedError | undefined = error; at !== undefined; at = at.cause) {
    if (at.code === 'FLINK_SNAPSHOT_CORRUPT') return true
    if (at.code === 'FLINK_FILE_NOT_FOUND' && at.message.includes(jobFolder)) return true
  }
  return false
}
