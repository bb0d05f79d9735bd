import { CheckpointingOptions, type ConfigOption, type Configuration } from '@flink-ts/core'
import { InvalidProgramError } from '../functions/errors.js'

/** Whether each record counts exactly once after a failure, or perhaps more often. */
export type CheckpointingMode = 'EXACTLY_ONCE' | 'AT_LEAST_ONCE'

/** What stays of a job's checkpoints when it is cancelled or fails. */
export type ExternalizedCheckpointRetention =
  | 'DELETE_ON_CANCELLATION'
  | 'RETAIN_ON_CANCELLATION'
  | 'NO_EXTERNALIZED_CHECKPOINTS'

/** Checkpoints of a program's jobs: the keys `execution.checkpointing.*`. What is not set is as the cluster has it. */
export class CheckpointConfig {
  readonly #configuration: Configuration

  /** @internal */
  constructor(configuration: Configuration) {
    this.#configuration = configuration
  }

  /** Whether this program asks for checkpoints. */
  isCheckpointingEnabled(): boolean {
    return (this.getCheckpointInterval() ?? 0) > 0
  }

  /** Time from the beginning of one checkpoint to that of the next, in ms, at least 10. @throws InvalidProgramError */
  setCheckpointInterval(intervalMs: number): this {
    return this.#setMs('a checkpoint interval', CheckpointingOptions.INTERVAL, intervalMs, 10)
  }

  /** In ms; undefined: not set by the program. */
  getCheckpointInterval(): number | undefined {
    return this.#configuration.get(CheckpointingOptions.INTERVAL)
  }

  /** Default `EXACTLY_ONCE`. */
  setCheckpointingMode(mode: CheckpointingMode): this {
    return this.#setText(CheckpointingOptions.MODE, mode)
  }

  getCheckpointingMode(): CheckpointingMode {
    return this.#configuration.get(CheckpointingOptions.MODE)
  }

  /** A checkpoint that takes longer is given up. @throws InvalidProgramError */
  setCheckpointTimeout(timeoutMs: number): this {
    return this.#setMs('a checkpoint timeout', CheckpointingOptions.TIMEOUT, timeoutMs, 10)
  }

  /** Shortest time from the end of one checkpoint to the beginning of the next. @throws InvalidProgramError */
  setMinPauseBetweenCheckpoints(pauseMs: number): this {
    return this.#setMs('a pause between checkpoints', CheckpointingOptions.MIN_PAUSE, pauseMs, 0)
  }

  /** Checkpoints that may be under way at the same time, at least 1. @throws InvalidProgramError */
  setMaxConcurrentCheckpoints(max: number): this {
    const option = CheckpointingOptions.MAX_CONCURRENT_CHECKPOINTS
    return this.#setCount('a number of checkpoints at the same time', option, max, 1)
  }

  /** Checkpoints that may fail one after the other. @throws InvalidProgramError */
  setTolerableCheckpointFailureNumber(count: number): this {
    const option = CheckpointingOptions.TOLERABLE_FAILED_CHECKPOINTS
    return this.#setCount('a number of checkpoints that may fail', option, count, 0)
  }

  /** What stays when the job is cancelled or fails. */
  setExternalizedCheckpointRetention(retention: ExternalizedCheckpointRetention): this {
    return this.#setText(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION, retention)
  }

  /** Barriers overtake records, which then belong to the checkpoint: it does not wait for slow tasks. */
  enableUnalignedCheckpoints(enabled = true): this {
    this.#configuration.set(CheckpointingOptions.UNALIGNED, enabled)
    return this
  }

  /** With unaligned checkpoints: barriers begin to overtake records after this time; 0: at once. @throws InvalidProgramError */
  setAlignedCheckpointTimeout(timeoutMs: number): this {
    const option = CheckpointingOptions.ALIGNED_CHECKPOINT_TIMEOUT
    return this.#setMs('a timeout of alignment', option, timeoutMs, 0)
  }

  #setMs(what: string, option: ConfigOption<number>, ms: number, min: number): this {
    if (!Number.isInteger(ms) || ms < min) {
      throw new InvalidProgramError(`Cannot use ${ms} as ${what}: expected whole ms from ${min} on`)
    }
    this.#configuration.set(option, ms)
    return this
  }

  #setCount(what: string, option: ConfigOption<number>, count: number, min: number): this {
    if (!Number.isInteger(count) || count < min) {
      throw new InvalidProgramError(
        `Cannot use ${count} as ${what}: expected a whole number from ${min} on`,
      )
    }
    this.#configuration.set(option, count)
    return this
  }

  #setText(option: ConfigOption<unknown>, text: string): this {
    this.#configuration.setString(option.key, text)
    // Checked at once: a mistyped value is to be found where it stands.
    this.#configuration.get(option)
    return this
  }
}
