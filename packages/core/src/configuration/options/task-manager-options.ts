import { ConfigOptions } from '../config-options.js'

/** Where a TaskManager is, its slots, and how tasks are cancelled. */
export const TaskManagerOptions = {
  NUM_TASK_SLOTS: ConfigOptions.key('taskmanager.numberOfTaskSlots')
    .intType({ min: 1, max: 1024 })
    .defaultValue(1)
    .withDescription('Slots of one TaskManager: how many pipelines it runs at the same time.'),
  HOST: ConfigOptions.key('taskmanager.host')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'Host name or address that the TaskManager announces; otherwise `taskmanager.network.bind-policy` decides.',
    ),
  BIND_HOST: ConfigOptions.key('taskmanager.bind-host')
    .stringType()
    .defaultValue('localhost')
    .withDescription(
      'Local address on which the TaskManager listens. Unlike Flink it is the loopback unless set; use 0.0.0.0 for all interfaces.',
    ),
  RPC_PORT: ConfigOptions.key('taskmanager.rpc.port')
    .portRangeType()
    .defaultValue('0')
    .withDescription('RPC port or ports to try; 0 takes any free one.'),
  RPC_BIND_PORT: ConfigOptions.key('taskmanager.rpc.bind-port')
    .intType({ min: 0, max: 65535 })
    .noDefaultValue()
    .withDescription('Local RPC port if it differs from `taskmanager.rpc.port`.'),
  HOST_BIND_POLICY: ConfigOptions.key('taskmanager.network.bind-policy')
    .enumType('ip', 'name')
    .defaultValue('ip')
    .withDescription(
      'Whether an address (`ip`) or a host name (`name`) is announced without `taskmanager.host`.',
    ),
  RESOURCE_ID: ConfigOptions.key('taskmanager.resource-id')
    .stringType()
    .noDefaultValue()
    .withDescription(
      'ResourceID of the TaskManager, unique in the cluster; otherwise its address, port and a random suffix.',
    ),
  REGISTRATION_TIMEOUT: ConfigOptions.key('taskmanager.registration.timeout')
    .durationType()
    .defaultValue(300_000)
    .withDescription('A TaskManager that finds no ResourceManager for so long ends itself.'),
  SLOT_TIMEOUT: ConfigOptions.key('taskmanager.slot.timeout')
    .durationType()
    .defaultValue(10_000)
    .withDescription(
      'An allocated slot that its JobMaster does not take over within this time is freed.',
    ),
  LOG_PATH: ConfigOptions.key('taskmanager.log.path')
    .stringType()
    .noDefaultValue()
    .withDescription('Log file that REST shows, if it is not the one the process writes.'),
  CANCELLATION_INTERVAL: ConfigOptions.key('task.cancellation.interval')
    .durationType({ min: 1 })
    .defaultValue(30_000)
    .withDescription('Time between two attempts to interrupt a task that is being cancelled.'),
  CANCELLATION_TIMEOUT: ConfigOptions.key('task.cancellation.timeout')
    .durationType()
    .defaultValue(180_000)
    .withDescription(
      'A cancelled task that still runs after this time has its thread ended; 0 waits for ever.',
    ),
  LOAD_BALANCE_MODE: ConfigOptions.key('taskmanager.load-balance.mode')
    .enumType('NONE', 'SLOTS', 'TASKS')
    .noDefaultValue()
    .withDescription(
      '`NONE` (the default) fills one TaskManager after the other, `SLOTS` takes slots of the one that is used least. `TASKS` also puts the tasks of each job (but of the Adaptive scheduler) equally into its slots and onto its TaskManagers.',
    ),
  TASK_THREAD_POOL_SIZE: ConfigOptions.key('taskmanager.task-thread-pool.size')
    .intType({ min: 0, max: 64 })
    .defaultValue(1)
    .withDescription(
      'Threads that wait with the runtime loaded, so that the first tasks of a job start sooner; none is used twice. Not a key of Flink.',
    ),
  CPU_CORES: ConfigOptions.key('taskmanager.cpu.cores')
    .doubleType({ min: 0 })
    .noDefaultValue()
    .withDescription('CPU cores that slots share; otherwise one for each slot.'),
} as const
