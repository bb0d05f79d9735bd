import { ConfigOptions } from '../config-options.js'

/** Programs and commands that talk to a cluster. */
export const ClientOptions = {
  CLIENT_TIMEOUT: ConfigOptions.key('client.timeout')
    .durationType({ min: 1 })
    .defaultValue(60_000)
    .withDescription(
      'How long a client waits for the answer to one request, and commands for a savepoint, a checkpoint or a disposal.',
    ),
  CLIENT_RETRY_PERIOD: ConfigOptions.key('client.retry-period')
    .durationType({ min: 1 })
    .defaultValue(2000)
    .withDescription('How often a client asks for the result of a job it waits for.'),
  CLIENT_HEARTBEAT_INTERVAL: ConfigOptions.key('client.heartbeat.interval')
    .durationType({ min: 1 })
    .defaultValue(30_000)
    .withDescription(
      'How often an attached client that would have its job cancelled tells the cluster that it lives.',
    ),
  CLIENT_HEARTBEAT_TIMEOUT: ConfigOptions.key('client.heartbeat.timeout')
    .durationType({ min: 1 })
    .defaultValue(180_000)
    .withDescription(
      'The job of such a client is cancelled when it was silent for so long; a cluster of one job waits so long behind its end for somebody who fetches the result.',
    ),
} as const
