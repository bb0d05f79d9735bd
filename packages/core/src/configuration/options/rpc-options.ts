import { ConfigOptions } from '../config-options.js'

/** Calls between the processes. The keys are Flink's, though neither Pekko nor Akka is used. */
export const RpcOptions = {
  ASK_TIMEOUT: ConfigOptions.key('pekko.ask.timeout')
    .durationType({ min: 1 })
    .defaultValue(10_000)
    .withDeprecatedKeys('akka.ask.timeout')
    .withDescription('How long a caller waits for an answer.'),
  LOOKUP_TIMEOUT: ConfigOptions.key('pekko.lookup.timeout')
    .durationType({ min: 1 })
    .defaultValue(10_000)
    .withDeprecatedKeys('akka.lookup.timeout')
    .withDescription('How long a connection to another process may take to come up.'),
  FRAMESIZE: ConfigOptions.key('pekko.framesize')
    .memorySizeType({ min: 1024, max: 0x7fff_ffff })
    .defaultValue(10_485_760)
    .withDeprecatedKeys('akka.framesize')
    .withDescription('Largest message between the processes.'),
} as const
