import { tmpdir } from 'node:os'
import {
  type Configuration,
  CoreOptions,
  NettyShuffleEnvironmentOptions as Options,
} from '@flink-ts/core'
import type { BufferDebloating } from '../gate/buffer-debloater.js'
import type { ShuffleLimits } from './shuffle-environment-options.js'

/** What the configuration says about the exchange of records: sizes, limits, and where blocking partitions go. */
export function shuffleSettings(configuration: Configuration): {
  readonly limits: ShuffleLimits
  readonly tmpDirs: readonly string[]
} {
  const isCompressed = configuration.get(Options.BATCH_SHUFFLE_COMPRESSION_ENABLED)
  const dirs = configuration
    .get(CoreOptions.TMP_DIRS)
    ?.split(/[,:]/)
    .filter((dir) => dir !== '')
  return {
    limits: {
      buffersPerChannel: configuration.get(Options.BUFFERS_PER_CHANNEL),
      floatingBuffersPerGate: configuration.get(Options.FLOATING_BUFFERS_PER_GATE),
      maxBuffersPerSubpartition: configuration.get(Options.MAX_BUFFERS_PER_CHANNEL),
      maxOverdraftBuffersPerGate: configuration.get(Options.MAX_OVERDRAFT_BUFFERS_PER_GATE),
      partitionRequestTimeoutMs: configuration.get(Options.PARTITION_REQUEST_TIMEOUT),
      sortShuffleMinParallelism: configuration.get(Options.SORT_SHUFFLE_MIN_PARALLELISM),
      sortShuffleMinBuffers: configuration.get(Options.SORT_SHUFFLE_MIN_BUFFERS),
      ...(configuration.get(Options.BUFFER_DEBLOAT_ENABLED) && {
        debloating: debloatingSettings(configuration),
      }),
      batchShuffleCompression:
        isCompressed && configuration.get(Options.SHUFFLE_COMPRESSION_CODEC) !== 'NONE',
    },
    tmpDirs: dirs === undefined || dirs.length === 0 ? [tmpdir()] : dirs,
  }
}

function debloatingSettings(configuration: Configuration): BufferDebloating {
  return {
    periodMs: configuration.get(Options.BUFFER_DEBLOAT_PERIOD),
    targetMs: configuration.get(Options.BUFFER_DEBLOAT_TARGET),
    samples: configuration.get(Options.BUFFER_DEBLOAT_SAMPLES),
    thresholdPercentages: configuration.get(Options.BUFFER_DEBLOAT_THRESHOLD_PERCENTAGES),
    minBytes: configuration.get(Options.MIN_SEGMENT_SIZE),
    startingBytes: configuration.get(Options.STARTING_SEGMENT_SIZE),
  }
}
