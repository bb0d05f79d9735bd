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
} as const
