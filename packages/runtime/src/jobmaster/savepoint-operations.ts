import { CheckpointingOptions, FlinkError, type Logger, type SerializedError } from '@flink-ts/core'
import type { CheckpointCoordinator } from '../checkpoint/checkpoint-coordinator.js'
import type { CompletedCheckpoint } from '../checkpoint/completed-checkpoint.js'
import { toErrorInfo } from '../messages/error-info.js'
import type { JobStatus } from '../messages/messages.generated.js'
import type { Scheduler } from '../scheduler/scheduler.js'

export interface SavepointOperationsOptions {
  readonly jobId: string
  /** `state.backend.type` */
  readonly stateBackend: string
  /** `execution.checkpointing.savepoint-dir` */
  readonly defaultDirectory: string | undefined
  readonly coordinator: CheckpointCoordinator
  /** Periodic checkpoints begin again, as soon as all tasks run. */
  readonly resume: () => void
  readonly scheduler: Pick<Scheduler, 'cancel' | 'failGlobally'>
  readonly execute: (action: () => void) => void
  readonly log: Logger
}

/** The job has a savepoint to stop with and is to end. */
interface Stopping {
  readonly savepoint: CompletedCheckpoint
  readonly stopped: (location: string) => void
  readonly failed: (error: FlinkError) => void
}

/**
 * Savepoints and checkpoints that somebody asks for, and what is done with the job then. In the JobMaster's main thread;
 * promises settle in it.
 */
export class SavepointOperations {
  readonly #options: SavepointOperationsOptions
  #isStopping = false
  #stopping: Stopping | undefined

  constructor(options: SavepointOperationsOptions) {
    this.#options = options
  }

  /**
   * @param target its folder is made below this one
   * @param format `CANONICAL` or `NATIVE`; empty: `CANONICAL`
   * @returns its folder
   * @throws FlinkError FLINK_CHECKPOINT_FAILED, FLINK_SAVEPOINT_TARGET, FLINK_SAVEPOINT_FORMAT; the job goes on then
   */
  async triggerSavepoint(
    target: string | undefined,
    cancelJob: boolean,
    format = '',
  ): Promise<string> {
    const { coordinator, scheduler, resume } = this.#options
    this.#checkFormat(format)
    const directory = this.#directory(target)
    if (!cancelJob) return (await coordinator.triggerSavepoint(directory)).externalPath
    // What is committed after the savepoint would be produced again by who goes on from it.
    this.#beginStop()
    coordinator.pauseScheduler()
    try {
      const { externalPath } = await coordinator.triggerSavepoint(directory)
      scheduler.cancel()
      return externalPath
    } catch (error) {
      this.#isStopping = false
      resume()
      throw error
    }
  }

  /**
   * Ends the job with a savepoint: FINISHED.
   *
   * @param drain event time goes to its end first; who goes on from the savepoint finds windows and timers fired
   * @returns the folder of the savepoint, when the job has ended
   * @throws FlinkError FLINK_CHECKPOINT_FAILED, FLINK_SAVEPOINT_TARGET, FLINK_SAVEPOINT_FORMAT: the job goes on; FLINK_STOP_FAILED:
   *   there is a savepoint, but the job did not end with it
   */
  async stopWithSavepoint(
    target: string | undefined,
    drain: boolean,
    format = '',
  ): Promise<string> {
    const { coordinator, resume, jobId, log } = this.#options
    this.#checkFormat(format)
    const directory = this.#directory(target)
    this.#beginStop()
    coordinator.pauseScheduler()
    const type = drain ? 'SAVEPOINT_TERMINATE' : 'SAVEPOINT_SUSPEND'
    let stopped: Promise<string>
    try {
      const savepoint = await coordinator.triggerSavepoint(directory, type)
      log.info('The savepoint to stop with is complete; tasks end', {
        jobId,
        path: savepoint.externalPath,
      })
      stopped = new Promise((resolve, failed) => {
        this.#stopping = { savepoint, stopped: resolve, failed }
      })
    } catch (error) {
      this.#isStopping = false
      resume()
      throw error
    }
    return stopped
  }

  /** @throws FlinkError FLINK_CHECKPOINT_FAILED */
  triggerCheckpoint(full: boolean): Promise<CompletedCheckpoint> {
    return this.#options.coordinator.triggerCheckpoint({ full })
  }

  /** Whether periodic checkpoints must not begin. */
  get isStopping(): boolean {
    return this.#isStopping
  }

  /** An attempt ended otherwise than it should: a job that is to stop restarts, since some of its tasks have ended for good. */
  attemptFailed(cause: SerializedError | undefined): void {
    const stopping = this.#stopping
    this.#isStopping = false
    if (stopping === undefined) return
    this.#stopping = undefined
    const error = new StopWithSavepointError(stopping.savepoint.externalPath, { cause })
    stopping.failed(error)
    // Later: this comes from amidst a change of the scheduler's own.
    const { execute, scheduler } = this.#options
    execute(() => scheduler.failGlobally(toErrorInfo(error)))
  }

  jobTerminated(status: JobStatus): void {
    const stopping = this.#stopping
    this.#stopping = undefined
    if (stopping === undefined) return
    const { externalPath } = stopping.savepoint
    if (status === 'FINISHED') stopping.stopped(externalPath)
    else stopping.failed(new StopWithSavepointError(externalPath, { status }))
  }

  #beginStop(): void {
    if (this.#isStopping) {
      throw new FlinkError(`Job ${this.#options.jobId} is being stopped with a savepoint already`, {
        code: 'FLINK_STOP_REFUSED',
      })
    }
    this.#isStopping = true
  }

  #checkFormat(format: string): void {
    const { stateBackend, jobId } = this.#options
    // On the heap there is one format only.
    if (format !== 'NATIVE' || stateBackend === 'hashmap') return
    throw new FlinkError(
      `Cannot take a savepoint of job ${jobId} in the format NATIVE: the state backend ${stateBackend} writes savepoints in the format CANONICAL only, which all backends read; leave the format out, or take a checkpoint`,
      { code: 'FLINK_SAVEPOINT_FORMAT' },
    )
  }

  #directory(target: string | undefined): string {
    const directory =
      target === undefined || target === '' ? this.#options.defaultDirectory : target
    if (directory !== undefined) return directory
    throw new FlinkError(
      `Cannot take a savepoint of job ${this.#options.jobId}: no folder is named for it, and ${CheckpointingOptions.SAVEPOINT_DIRECTORY.key} is not set`,
      { code: 'FLINK_SAVEPOINT_TARGET' },
    )
  }
}

/** The savepoint is there, but the job has not ended with it. */
export class StopWithSavepointError extends FlinkError {
  readonly savepointPath: string

  /** @param outcome `status`: the end of the job; absent: a task failed, and it goes on */
  constructor(
    savepointPath: string,
    { cause, status }: { cause?: SerializedError | undefined; status?: JobStatus },
  ) {
    super(
      `The savepoint ${savepointPath} is complete, but the job did not stop with it: ${outcomeOf(status)}`,
      { code: 'FLINK_STOP_FAILED', retriable: status === undefined, cause },
    )
    this.savepointPath = savepointPath
  }
}

function outcomeOf(status: JobStatus | undefined): string {
  switch (status) {
    case undefined:
      return 'a task failed before it ended. The job restarts from its newest checkpoint; what it commits from now on is not in the savepoint'
    case 'CANCELED':
      return 'it was cancelled'
    case 'FAILED':
      return 'it failed'
    default:
      return 'its JobManager does not lead it any more; the next one goes on with it'
  }
}
