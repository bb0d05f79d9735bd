import { ConfigOptions } from '../config-options.js'
import { INFINITE_INT } from '../option-type.js'

/** How the ResourceManager manages workers and slots. */
export const ResourceManagerOptions = {
  JOB_TIMEOUT: ConfigOptions.key('resourcemanager.job.timeout')
    .durationType()
    .defaultValue(300_000)
    .withDescription('A job whose JobMaster is gone for so long is forgotten.'),
  STANDALONE_CLUSTER_STARTUP_PERIOD_TIME: ConfigOptions.key(
    'resourcemanager.standalone.start-up-time',
  )
    .durationType()
    .noDefaultValue()
    .withDescription(
      'Time after its start in which a standalone cluster does not fail requests for lack of slots; otherwise `slot.request.timeout`.',
    ),
  TASK_MANAGER_TIMEOUT: ConfigOptions.key('resourcemanager.taskmanager-timeout')
    .durationType()
    .defaultValue(30_000)
    .withDescription(
      'An idle TaskManager that a resource provider started is released after this time.',
    ),
  TASK_MANAGER_REGISTRATION_TIMEOUT: ConfigOptions.key(
    'resourcemanager.taskmanager-registration.timeout',
  )
    .durationType()
    .defaultValue(300_000)
    .withDescription('A requested TaskManager that does not register in time is released.'),
  MIN_SLOT_NUM: ConfigOptions.key('slotmanager.number-of-slots.min')
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription('Slots to keep ready even without jobs.'),
  MAX_SLOT_NUM: ConfigOptions.key('slotmanager.number-of-slots.max')
    .intType({ min: 1 })
    .defaultValue(INFINITE_INT)
    .withDescription('Most slots that the cluster may have.'),
  DRIVER: ConfigOptions.key('resourcemanager.driver')
    .stringType()
    .defaultValue('standalone')
    .withDescription(
      'Who starts TaskManagers: `standalone` (somebody does), `process` (the JobManager does, on its own machine, as jobs need them), or the name N of another installed package `@flink-ts/resourcemanager-N`. Not a key of Flink, whose start scripts decide it.',
    ),
  PREVIOUS_WORKER_RECOVERY_TIMEOUT: ConfigOptions.key(
    'resourcemanager.previous-worker.recovery.timeout',
  )
    .durationType()
    .defaultValue(0)
    .withDescription(
      'How long a new ResourceManager waits for the workers of the one before to register, before it requests others.',
    ),
  START_WORKER_MAX_FAILURE_RATE: ConfigOptions.key('resourcemanager.start-worker.max-failure-rate')
    .doubleType({ min: 0 })
    .defaultValue(10)
    .withDescription(
      'Failed starts of workers within a minute after which none is started for a while.',
    ),
  START_WORKER_RETRY_INTERVAL: ConfigOptions.key('resourcemanager.start-worker.retry-interval')
    .durationType()
    .defaultValue(3_000)
    .withDescription('Length of that pause.'),
  MAX_TOTAL_CPU: ConfigOptions.key('slotmanager.max-total-resource.cpu')
    .doubleType({ min: 0 })
    .noDefaultValue()
    .withDescription('Most CPU cores that the cluster may have.'),
  MAX_TOTAL_MEM: ConfigOptions.key('slotmanager.max-total-resource.memory')
    .memorySizeType()
    .noDefaultValue()
    .withDescription(
      'Most memory for tasks (heap, off-heap, managed, network) that the cluster may have.',
    ),
  MIN_TOTAL_CPU: ConfigOptions.key('slotmanager.min-total-resource.cpu')
    .doubleType({ min: 0 })
    .noDefaultValue()
    .withDescription('CPU cores to keep ready even without jobs.'),
  MIN_TOTAL_MEM: ConfigOptions.key('slotmanager.min-total-resource.memory')
    .memorySizeType()
    .noDefaultValue()
    .withDescription('Memory for tasks to keep ready even without jobs.'),
  REDUNDANT_TASK_MANAGER_NUM: ConfigOptions.key('slotmanager.redundant-taskmanager-num')
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription(
      'So many TaskManagers more than needed are kept while jobs run, to replace lost ones at once.',
    ),
} as const
