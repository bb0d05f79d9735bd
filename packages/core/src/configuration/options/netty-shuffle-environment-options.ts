import { ConfigOptions } from '../config-options.js'

/** The exchange of records between TaskManagers. The name is Flink's. */
export const NettyShuffleEnvironmentOptions = {
  DATA_PORT: ConfigOptions.key('taskmanager.data.port')
    .intType({ min: 0, max: 65535 })
    .defaultValue(0)
    .withDescription('Port for records from other TaskManagers; 0 takes any free one.'),
  DATA_BIND_PORT: ConfigOptions.key('taskmanager.data.bind-port')
    .portRangeType()
    .noDefaultValue()
    .withDescription('Local data port or ports if they differ from `taskmanager.data.port`.'),
  BUFFERS_PER_CHANNEL: ConfigOptions.key('taskmanager.network.memory.buffers-per-channel')
    .intType({ min: 1 })
    .defaultValue(2)
    .withDescription('Buffers that each channel owns; its sender may fill so many without asking.'),
  FLOATING_BUFFERS_PER_GATE: ConfigOptions.key(
    'taskmanager.network.memory.floating-buffers-per-gate',
  )
    .intType({ min: 0 })
    .defaultValue(8)
    .withDescription('Buffers of an input or output that go to the channel that needs them.'),
  MAX_BUFFERS_PER_CHANNEL: ConfigOptions.key('taskmanager.network.memory.max-buffers-per-channel')
    .intType({ min: 1 })
    .defaultValue(10)
    .withDescription('Most buffers that one output channel may hold.'),
  MAX_OVERDRAFT_BUFFERS_PER_GATE: ConfigOptions.key(
    'taskmanager.network.memory.max-overdraft-buffers-per-gate',
  )
    .intType({ min: 0 })
    .defaultValue(5)
    .withDescription('Buffers beyond the limits for a record that a task has begun to write.'),
  SORT_SHUFFLE_MIN_PARALLELISM: ConfigOptions.key(
    'taskmanager.network.sort-shuffle.min-parallelism',
  )
    .intType({ min: 1 })
    .defaultValue(1)
    .withDescription(
      'From so many consumers on a batch result is one file sorted by consumer; below, each has its own file.',
    ),
  SORT_SHUFFLE_MIN_BUFFERS: ConfigOptions.key('taskmanager.network.sort-shuffle.min-buffers')
    .intType({ min: 2 })
    .defaultValue(512)
    .withDescription('Most network buffers that such a result is sorted in.'),
  BATCH_SHUFFLE_COMPRESSION_ENABLED: ConfigOptions.key(
    'taskmanager.network.batch-shuffle.compression.enabled',
  )
    .booleanType()
    .defaultValue(true)
    .withDeprecatedKeys('taskmanager.network.blocking-shuffle.compression.enabled')
    .withDescription(
      'Whether batch results are compressed in their files and between TaskManagers.',
    ),
  SHUFFLE_COMPRESSION_CODEC: ConfigOptions.key('taskmanager.network.compression.codec')
    .enumType('LZ4', 'NONE')
    .defaultValue('LZ4')
    .withDescription('How batch results are compressed; Flink has LZO and ZSTD besides.'),
  PARTITION_REQUEST_TIMEOUT: ConfigOptions.key('taskmanager.network.partition-request-timeout')
    .durationType({ min: 1 })
    .defaultValue(10_000)
    .withDescription(
      'How long a producer waits for a partition that a consumer asks for to be registered.',
    ),
  REQUEST_BACKOFF_INITIAL: ConfigOptions.key('taskmanager.network.request-backoff.initial')
    .intType({ min: 0 })
    .defaultValue(100)
    .withDescription('Milliseconds before a refused partition request is repeated the first time.'),
  REQUEST_BACKOFF_MAX: ConfigOptions.key('taskmanager.network.request-backoff.max')
    .intType({ min: 0 })
    .defaultValue(10_000)
    .withDescription('Milliseconds up to which that pause grows.'),
  RETRIES: ConfigOptions.key('taskmanager.network.retries')
    .intType({ min: 0 })
    .defaultValue(0)
    .withDescription('How often a failed data connection is tried again.'),
  CLIENT_CONNECT_TIMEOUT_SECONDS: ConfigOptions.key(
    'taskmanager.network.netty.client.connectTimeoutSec',
  )
    .intType({ min: 1 })
    .defaultValue(120)
    .withDescription('Seconds to wait for a data connection.'),
} as const
