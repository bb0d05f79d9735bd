import { ConfigOptions } from '../config-options.js'

/** The REST endpoint and its clients. */
export const RestOptions = {
  ADDRESS: ConfigOptions.key('rest.address')
    .stringType()
    .noDefaultValue()
    .withDeprecatedKeys('web.address', 'jobmanager.web.address', 'jobmanager.rpc.address')
    .withDescription('Host under which clients reach the REST endpoint.'),
  PORT: ConfigOptions.key('rest.port')
    .intType({ min: 0, max: 65535 })
    .defaultValue(8081)
    .withDeprecatedKeys('web.port')
    .withDescription(
      'Port under which clients reach the REST endpoint; bound too unless `rest.bind-port` is set.',
    ),
  BIND_ADDRESS: ConfigOptions.key('rest.bind-address')
    .stringType()
    .defaultValue('localhost')
    .withDescription(
      'Local address of the REST endpoint. Clients can run code through it: open it with care.',
    ),
  BIND_PORT: ConfigOptions.key('rest.bind-port')
    .portRangeType()
    .noDefaultValue()
    .withDescription('Local port or ports of the REST endpoint to try; otherwise `rest.port`.'),
  URL_PREFIX: ConfigOptions.key('rest.url-prefix')
    .stringType()
    .defaultValue('/')
    .withDescription('Path in front of the REST paths, for clients behind a proxy.'),
  CONNECTION_TIMEOUT: ConfigOptions.key('rest.connection-timeout')
    .durationType()
    .defaultValue(15_000)
    .withDescription('How long a standby waits for a connection to the leader.'),
  IDLENESS_TIMEOUT: ConfigOptions.key('rest.idleness-timeout')
    .durationType()
    .defaultValue(300_000)
    .withDescription('A connection without traffic is closed after this time.'),
  AWAIT_LEADER_TIMEOUT: ConfigOptions.key('rest.await-leader-timeout')
    .durationType()
    .defaultValue(30_000)
    .withDescription(
      'With high availability: how long a client waits for a leader before any has answered it.',
    ),
  RETRY_MAX_ATTEMPTS: ConfigOptions.key('rest.retry.max-attempts')
    .intType({ min: 0 })
    .defaultValue(20)
    .withDescription('How often a client repeats a request that failed for a passing reason.'),
  RETRY_DELAY: ConfigOptions.key('rest.retry.delay')
    .durationType()
    .defaultValue(3000)
    .withDescription('Pause before a request is repeated.'),
  SERVER_MAX_CONTENT_LENGTH: ConfigOptions.key('rest.server.max-content-length')
    .intType({ min: 1 })
    .defaultValue(104_857_600)
    .withDescription('Largest request body in bytes.'),
  CLIENT_MAX_CONTENT_LENGTH: ConfigOptions.key('rest.client.max-content-length')
    .intType({ min: 1 })
    .defaultValue(104_857_600)
    .withDescription('Largest response in bytes that a client accepts.'),
  ASYNC_OPERATION_STORE_DURATION: ConfigOptions.key('rest.async.store-duration')
    .durationType()
    .defaultValue(300_000)
    .withDescription('How long the result of an asynchronous request can be fetched.'),
  CACHE_EXECUTION_GRAPH_TIMEOUT: ConfigOptions.key('rest.cache.execution-graph.timeout')
    .durationType()
    .noDefaultValue()
    .withDescription('How old an answer about a job may be; otherwise `web.refresh-interval`.'),
} as const
