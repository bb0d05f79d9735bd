import {
  CheckpointingOptions,
  type Configuration,
  formatDuration,
  IllegalConfigurationError,
  StateBackendOptions,
  StateRecoveryOptions,
  WebOptions,
} from '@flink-ts/core'
import type { CheckpointSettings } from './checkpoint-settings.js'

/** Interval and timeout of checkpoints are not shorter; Flink's. */
const MIN_TIME_MS = 10

/** Where checkpoints and savepoints lie. */
export interface CheckpointStorageSettings {
  /** `execution.checkpointing.dir`; undefined: checkpoints lie in the memory of the JobManager. */
  readonly directory: string | undefined
  readonly createSubdirectory: boolean
  /** `execution.checkpointing.savepoint-dir` */
  readonly savepointDirectory: string | undefined
  readonly numRetained: number
  readonly inlineThresholdBytes: number
}

/** What a job begins with. */
export interface RestoreSettings {
  /** Folder of a savepoint or checkpoint. */
  readonly path: string
  readonly claimMode: 'CLAIM' | 'NO_CLAIM' | 'LEGACY'
  /** State of operators that the job does not have is left out. */
  readonly allowNonRestoredState: boolean
}

/** What the configuration of a job says of its checkpoints. */
export interface CheckpointConfiguration {
  readonly settings: CheckpointSettings
  readonly storage: CheckpointStorageSettings
  /** `state.backend.type` */
  readonly stateBackend: 'hashmap' | 'lsm' | 'rocksdb'
  /** Undefined: the job begins with nothing. */
  readonly restore: RestoreSettings | undefined
}

/**
 * Reads the keys of checkpoints.
 *
 * @param configuration of the job over that of the cluster
 * @throws IllegalConfigurationError naming the key whose value is not valid
 */
export function checkpointConfiguration(configuration: Configuration): CheckpointConfiguration {
  const options = CheckpointingOptions
  const intervalMs = configuration.get(options.INTERVAL) ?? 0
  if (intervalMs > 0) checkTime(options.INTERVAL.key, intervalMs)
  const timeoutMs = configuration.get(options.TIMEOUT)
  checkTime(options.TIMEOUT.key, timeoutMs)
  return {
    settings: {
      intervalMs: intervalMs > 0 ? intervalMs : undefined,
      timeoutMs,
      minPauseMs: configuration.get(options.MIN_PAUSE),
      maxConcurrentCheckpoints: configuration.get(options.MAX_CONCURRENT_CHECKPOINTS),
      tolerableFailedCheckpoints: configuration.get(options.TOLERABLE_FAILED_CHECKPOINTS),
      retention: configuration.get(options.EXTERNALIZED_CHECKPOINT_RETENTION),
      mode: configuration.get(options.MODE),
      unaligned: configuration.get(options.UNALIGNED),
      alignedTimeoutMs: configuration.get(options.ALIGNED_CHECKPOINT_TIMEOUT),
      checkpointsAfterTasksFinish: configuration.get(options.CHECKPOINTS_AFTER_TASKS_FINISH),
      historySize: configuration.get(WebOptions.CHECKPOINTS_HISTORY_SIZE),
    },
    storage: storageSettings(configuration),
    stateBackend: configuration.get(StateBackendOptions.TYPE),
    restore: restoreSettings(configuration),
  }
}

function storageSettings(configuration: Configuration): CheckpointStorageSettings {
  const options = CheckpointingOptions
  const storage = configuration.get(options.STORAGE)
  const directory = configuration.get(options.DIRECTORY)
  if (storage === 'filesystem' && directory === undefined) {
    throw new IllegalConfigurationError(
      `'${options.STORAGE.key}: filesystem' needs a folder: set '${options.DIRECTORY.key}'`,
      { key: options.DIRECTORY.key },
    )
  }
  return {
    directory: storage === 'jobmanager' ? undefined : directory,
    createSubdirectory: configuration.get(options.CREATE_SUBDIR),
    savepointDirectory: configuration.get(options.SAVEPOINT_DIRECTORY),
    numRetained: configuration.get(options.NUM_RETAINED),
    inlineThresholdBytes: configuration.get(options.DATA_INLINE_THRESHOLD),
  }
}

function restoreSettings(configuration: Configuration): RestoreSettings | undefined {
  const path = configuration.get(StateRecoveryOptions.SAVEPOINT_PATH)
  if (path === undefined || path === '') return undefined
  return {
    path,
    claimMode: configuration.get(StateRecoveryOptions.RESTORE_MODE),
    allowNonRestoredState: configuration.get(StateRecoveryOptions.SAVEPOINT_IGNORE_UNCLAIMED_STATE),
  }
}

function checkTime(key: string, timeMs: number): void {
  if (timeMs >= MIN_TIME_MS) return
  throw new IllegalConfigurationError(
    `'${key}' is ${formatDuration(timeMs)}; it must be ${formatDuration(MIN_TIME_MS)} at least`,
    { key },
  )
}
