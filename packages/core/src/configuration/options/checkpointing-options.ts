import { ConfigOptions } from '../config-options.js'

/** When and how the state of a job is written, and what is kept of it. Read from the job's configuration over that of the cluster. */
export const CheckpointingOptions = {
  INTERVAL: ConfigOptions.key('execution.checkpointing.interval')
    .durationType()
    .noDefaultValue()
    .withDescription(
      'Time from the beginning of one checkpoint to that of the next. At least 10 ms. Unless set, or 0, there are none but those that are asked for.',
    ),
  MODE: ConfigOptions.key('execution.checkpointing.mode')
    .enumType('EXACTLY_ONCE', 'AT_LEAST_ONCE')
    .defaultValue('EXACTLY_ONCE')
    .withDescription(
      '`AT_LEAST_ONCE` does not wait for slower inputs; records may count twice after a failure.',
    ),
  TIMEOUT: ConfigOptions.key('execution.checkpointing.timeout')
    .durationType({ min: 10 })
    .defaultValue(600_000)
    .withDescription('A checkpoint that takes longer is given up.'),
  MIN_PAUSE: ConfigOptions.key('execution.checkpointing.min-pause')
    .durationType()
    .defaultValue(0)
    .withDescription(
      'Shortest time from the end of one checkpoint to the beginning of the next. Above 0 there is one at a time.',
    ),
  MAX_CONCURRENT_CHECKPOINTS: ConfigOptions.key(
    'execution.checkpointing.max-concurrent-checkpoints',
  )
    .intType({ min: 1 })
    .defaultValue(1)
    .withDescription('Checkpoints that may be under way at the same time.'),
  TOLERABLE_FAILED_CHECKPOINTS: ConfigOptions.key(
    'execution.checkpointing.tolerable-failed-checkpoints',
  )
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription('Checkpoints that may fail one after the other; one more fails the job.'),
  STORAGE: ConfigOptions.key('execution.checkpointing.storage')
    .enumType('jobmanager', 'filesystem')
    .noDefaultValue()
    .withDeprecatedKeys('state.checkpoint-storage')
    .withDescription(
      'Where checkpoints are: in files, or in the memory of the JobManager and lost with it. Unless set: in files if there is a folder for them.',
    ),
  DIRECTORY: ConfigOptions.key('execution.checkpointing.dir')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('state.checkpoints.dir')
    .withDescription(
      'Folder of checkpoints, such as `file:///checkpoints`; all processes of the cluster must reach it.',
    ),
  CREATE_SUBDIR: ConfigOptions.key('execution.checkpointing.create-subdir')
    .booleanType()
    .defaultValue(true)
    .withDescription('Whether each job has a folder of its own in it, named by its id.'),
  LOCAL_BACKUP_ENABLED: ConfigOptions.key('execution.checkpointing.local-backup.enabled')
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('state.backend.local-recovery')
    .withDescription(
      'Whether TaskManagers keep a second copy of the files of their newest checkpoint on a disk of their own.',
    ),
  LOCAL_BACKUP_DIRS: ConfigOptions.key('execution.checkpointing.local-backup.dirs')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('taskmanager.state.local.root-dirs')
    .withDescription(
      'Folders for these copies, separated by commas, of the configuration of the TaskManager. Unless set: the working folder of TaskManagers if one is set, else `io.tmp.dirs`.',
    ),
  SAVEPOINT_DIRECTORY: ConfigOptions.key('execution.checkpointing.savepoint-dir')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('state.savepoints.dir')
    .withDescription('Folder of savepoints for which none is named.'),
  NUM_RETAINED: ConfigOptions.key('execution.checkpointing.num-retained')
    .intType({ min: 1 })
    .defaultValue(1)
    .withDeprecatedKeys('state.checkpoints.num-retained')
    .withDescription('Completed checkpoints that are kept; the older ones are removed.'),
  EXTERNALIZED_CHECKPOINT_RETENTION: ConfigOptions.key(
    'execution.checkpointing.externalized-checkpoint-retention',
  )
    .enumType('DELETE_ON_CANCELLATION', 'RETAIN_ON_CANCELLATION', 'NO_EXTERNALIZED_CHECKPOINTS')
    .defaultValue('NO_EXTERNALIZED_CHECKPOINTS')
    .withDescription(
      'What stays when the job ends otherwise than by itself: the newest checkpoints if it fails, also if it is cancelled, or nothing.',
    ),
  UNALIGNED: ConfigOptions.key('execution.checkpointing.unaligned.enabled')
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('execution.checkpointing.unaligned')
    .withDescription(
      'Whether barriers overtake records, which then belong to the checkpoint: it does not wait for slow tasks.',
    ),
  INTERRUPTIBLE_TIMERS: ConfigOptions.key(
    'execution.checkpointing.unaligned.interruptible-timers.enabled',
  )
    .booleanType()
    .defaultValue(false)
    .withDescription(
      'Whether a watermark that is due for many timers lets checkpoints in before all of them have fired; records wait until they have.',
    ),
  ALIGNED_CHECKPOINT_TIMEOUT: ConfigOptions.key(
    'execution.checkpointing.aligned-checkpoint-timeout',
  )
    .durationType()
    .defaultValue(0)
    .withDeprecatedKeys('execution.checkpointing.alignment-timeout')
    .withDescription(
      'With unaligned checkpoints: barriers keep their places, and overtake records when the checkpoint is older than this. 0: they overtake at once.',
    ),
  CHECKPOINTS_AFTER_TASKS_FINISH: ConfigOptions.key(
    'execution.checkpointing.checkpoints-after-tasks-finish',
  )
    .booleanType()
    .defaultValue(true)
    .withDeprecatedKeys('execution.checkpointing.checkpoints-after-tasks-finish.enabled')
    .withDescription('Whether there are checkpoints when some tasks of the job have finished.'),
  DATA_INLINE_THRESHOLD: ConfigOptions.key('execution.checkpointing.data-inline-threshold')
    .memorySizeType({ min: 0, max: 1024 * 1024 })
    .defaultValue(20 * 1024)
    .withDeprecatedKeys('state.storage.fs.memory-threshold')
    .withDescription('State of a subtask that is not larger is kept in `_metadata`, at most 1 MB.'),
  INCREMENTAL: ConfigOptions.key('execution.checkpointing.incremental')
    .booleanType()
    .defaultValue(false)
    .withDeprecatedKeys('state.backend.incremental')
    .withDescription(
      'Whether checkpoints store only what changed since the last one, where the state backend can: `lsm` does. Savepoints always stand alone.',
    ),
} as const
