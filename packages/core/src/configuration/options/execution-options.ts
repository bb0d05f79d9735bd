import { ConfigOptions } from '../config-options.js'

/** How a program is executed. */
export const ExecutionOptions = {
  RUNTIME_MODE: ConfigOptions.key('execution.runtime-mode')
    .enumType('STREAMING', 'BATCH', 'AUTOMATIC')
    .defaultValue('STREAMING')
    .withDescription(
      '`BATCH` gives final results only and needs bounded sources; `AUTOMATIC` decides by the sources.',
    ),
  BATCH_SHUFFLE_MODE: ConfigOptions.key('execution.batch-shuffle-mode')
    .enumType('ALL_EXCHANGES_BLOCKING', 'ALL_EXCHANGES_PIPELINED')
    .defaultValue('ALL_EXCHANGES_BLOCKING')
    .withDescription(
      'Whether stages of a batch job run one after the other through files, or at the same time.',
    ),
  BUFFER_TIMEOUT: ConfigOptions.key('execution.buffer-timeout.interval')
    .durationType()
    .defaultValue(100)
    .withDeprecatedKeys('execution.buffer-timeout')
    .withDescription(
      'Longest time that records wait in an output buffer that is not full; 0 sends each at once.',
    ),
  BUFFER_TIMEOUT_ENABLED: ConfigOptions.key('execution.buffer-timeout.enabled')
    .booleanType()
    .defaultValue(true)
    .withDescription('Otherwise only full buffers are sent.'),
} as const
