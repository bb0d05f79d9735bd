import { ConfigOptions } from '../config-options.js'

/** What concerns all processes of a cluster. */
export const ClusterOptions = {
  INITIAL_REGISTRATION_TIMEOUT: ConfigOptions.key('cluster.registration.initial-timeout')
    .durationType({ min: 1 })
    .defaultValue(100)
    .withDescription(
      'How long the first attempt of a component to register at another one may take.',
    ),
  MAX_REGISTRATION_TIMEOUT: ConfigOptions.key('cluster.registration.max-timeout')
    .durationType({ min: 1 })
    .defaultValue(30_000)
    .withDescription('Each attempt may take twice as long as the one before, up to this.'),
  ERROR_REGISTRATION_DELAY: ConfigOptions.key('cluster.registration.error-delay')
    .durationType()
    .defaultValue(10_000)
    .withDescription('Pause after an attempt that failed with an error.'),
  REFUSED_REGISTRATION_DELAY: ConfigOptions.key('cluster.registration.refused-registration-delay')
    .durationType()
    .defaultValue(30_000)
    .withDescription('Pause after an attempt that was refused.'),
  CLUSTER_SERVICES_SHUTDOWN_TIMEOUT: ConfigOptions.key('cluster.services.shutdown-timeout')
    .durationType()
    .defaultValue(30_000)
    .withDescription('How long the services of a process may take to stop.'),
  PROCESS_WORKING_DIR_BASE: ConfigOptions.key('process.working-dir')
    .stringType()
    .noDefaultValue()
    .withDescription('Folder for the working folders of the processes; otherwise `io.tmp.dirs`.'),
  JOB_MANAGER_PROCESS_WORKING_DIR_BASE: ConfigOptions.key('process.jobmanager.working-dir')
    .stringType()
    .noDefaultValue()
    .withDescription('The same for JobManagers only: `jm_<resource-id>` below it.'),
  TASK_MANAGER_PROCESS_WORKING_DIR_BASE: ConfigOptions.key('process.taskmanager.working-dir')
    .stringType()
    .noDefaultValue()
    .withDescription('The same for TaskManagers only: `tm_<resource-id>` below it.'),
  EVENLY_SPREAD_OUT_SLOTS: ConfigOptions.key('cluster.evenly-spread-out-slots')
    .booleanType()
    .defaultValue(false)
    .withDescription('The old form of `taskmanager.load-balance.mode: SLOTS`; that one wins.'),
  FINE_GRAINED_RESOURCE_MANAGEMENT: ConfigOptions.key(
    'cluster.fine-grained-resource-management.enabled',
  )
    .booleanType()
    .defaultValue(false)
    .withDescription(
      'Slot sharing groups with resources get slots of exactly these, carved out of a TaskManager. Without it they get a default slot if one is large enough.',
    ),
} as const
