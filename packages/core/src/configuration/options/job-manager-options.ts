import { ConfigOptions } from '../config-options.js'

/** Where the JobManager is and how it schedules. */
export const JobManagerOptions = {
  ADDRESS: ConfigOptions.key('jobmanager.rpc.address')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Host name under which TaskManagers and clients reach the JobManager. A cluster without high availability needs it.',
    ),
  PORT: ConfigOptions.key('jobmanager.rpc.port')
    .intType({ min: 0, max: 65535 })
    .defaultValue(6123)
    .withDescription('Port under which the JobManager is reached by RPC.'),
  BIND_HOST: ConfigOptions.key('jobmanager.bind-host')
    .stringType()
    .defaultValue('localhost')
    .withDescription(
      'Local address on which the JobManager listens. Unlike Flink it is the loopback unless set; use 0.0.0.0 for all interfaces.',
    ),
  RPC_BIND_PORT: ConfigOptions.key('jobmanager.rpc.bind-port')
    .intType({ min: 0, max: 65535 })
    .noDefaultValue()
    .withDescription('Local RPC port if it differs from `jobmanager.rpc.port`, as behind a NAT.'),
  RESOURCE_ID: ConfigOptions.key('jobmanager.resource-id')
    .stringType()
    .noDefaultValue()
    .withDescription('ResourceID of the JobManager process; random unless set.'),
  SCHEDULER: ConfigOptions.key('jobmanager.scheduler')
    .enumType('Default', 'Adaptive', 'AdaptiveBatch')
    .defaultValue('Default')
    .withDescription(
      'What schedules a job: `Default` with the parallelism that the program says; `Adaptive` with the slots that there are.',
    ),
  EXECUTION_FAILOVER_STRATEGY: ConfigOptions.key('jobmanager.execution.failover-strategy')
    .enumType('region', 'full')
    .defaultValue('region')
    .withDescription(
      'What restarts when a task fails: the pipelined regions it affects (`region`) or every task (`full`).',
    ),
  MAX_ATTEMPTS_HISTORY_SIZE: ConfigOptions.key('jobmanager.execution.attempts-history-size')
    .intType({ min: 1 })
    .defaultValue(16)
    .withDescription('How many earlier attempts of a subtask are remembered.'),
} as const
