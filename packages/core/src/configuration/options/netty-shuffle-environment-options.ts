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
  SHUFFLE_SERVICE: ConfigOptions.key('shuffle-service')
    .stringType()
    .defaultValue('network')
    .withDescription(
      'How records go from task to task: `network`, the name N of another installed package `@flink-ts/shuffle-N`, or a module (`@scope/name`, `file:///…`) that exports `shuffleService`. Flink has `shuffle-service-factory.class` for a class of Java.',
    ),
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
  BUFFER_DEBLOAT_ENABLED: ConfigOptions.key('taskmanager.network.memory.buffer-debloat.enabled')
    .booleanType()
    .defaultValue(false)
    .withDescription(
      'Whether buffers are filled only so far that what is on its way to a task is consumed in the target time.',
    ),
  BUFFER_DEBLOAT_PERIOD: ConfigOptions.key('taskmanager.network.memory.buffer-debloat.period')
    .durationType({ min: 1 })
    .defaultValue(200)
    .withDescription('How often a task works out how large its input buffers should be.'),
  BUFFER_DEBLOAT_TARGET: ConfigOptions.key('taskmanager.network.memory.buffer-debloat.target')
    .durationType({ min: 1 })
    .defaultValue(1000)
    .withDescription('In what time a task should consume what is on its way to it.'),
  BUFFER_DEBLOAT_SAMPLES: ConfigOptions.key('taskmanager.network.memory.buffer-debloat.samples')
    .intType({ min: 1 })
    .defaultValue(20)
    .withDescription('How many sizes the moving average is over; more follow a change later.'),
  BUFFER_DEBLOAT_THRESHOLD_PERCENTAGES: ConfigOptions.key(
    'taskmanager.network.memory.buffer-debloat.threshold-percentages',
  )
    .intType({ min: 0 })
    .defaultValue(25)
    .withDescription('By how much a size must have changed, in percent, to be announced.'),
  MIN_SEGMENT_SIZE: ConfigOptions.key('taskmanager.memory.min-segment-size')
    .memorySizeType({ min: 256 })
    .defaultValue(256)
    .withDescription('Least size of a buffer with buffer debloating.'),
  STARTING_SEGMENT_SIZE: ConfigOptions.key('taskmanager.memory.starting-segment-size')
    .memorySizeType({ min: 256 })
    .defaultValue(1024)
    .withDescription('Size of a buffer with buffer debloating before anything was measured.'),
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
