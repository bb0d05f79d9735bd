import {
  ClientOptions,
  type Clock,
  type Configuration,
  HighAvailabilityOptions,
  isHighlyAvailable,
  RestOptions,
} from '@flink-ts/core'
import { type LeaderChanges, RestClusterClient } from '@flink-ts/rest/client'
import { restLeaderLookup } from './rest-leader-lookup.js'

/**
 * A client of the cluster that a configuration names: by `rest.address` and `rest.port`, or with high availability whichever
 * JobManager leads, also when that changes.
 *
 * @param options.address `host:port` of one JobManager, in place of what the configuration says; it may be a standby
 */
export function clusterRestClient(
  options: {
    readonly configuration: Configuration
    readonly clock: Clock
    readonly address?: string | undefined
  } & Pick<LeaderChanges, 'onWaiting' | 'onFound'>,
): RestClusterClient {
  const { configuration, clock, address, onWaiting, onFound } = options
  const retryDelayMs = configuration.get(RestOptions.RETRY_DELAY)
  const leaderChanges: LeaderChanges | undefined = isHighlyAvailable(configuration)
    ? {
        // A standby leads when the session of the leader is over, and repetitions come on top.
        patienceMs:
          configuration.get(HighAvailabilityOptions.ZOOKEEPER_SESSION_TIMEOUT) +
          configuration.get(RestOptions.RETRY_MAX_ATTEMPTS) * retryDelayMs,
        firstPatienceMs: configuration.get(RestOptions.AWAIT_LEADER_TIMEOUT),
        ...(address === undefined ? { lookup: restLeaderLookup(configuration, clock) } : {}),
        ...(onWaiting === undefined ? {} : { onWaiting }),
        ...(onFound === undefined ? {} : { onFound }),
      }
    : undefined
  return new RestClusterClient({
    address: address ?? configuredAddress(configuration),
    clock,
    urlPrefix: configuration.get(RestOptions.URL_PREFIX),
    // Without high availability nobody takes over: who is not there now is a mistake to be told at once.
    retries: configuration.getOptional(RestOptions.RETRY_MAX_ATTEMPTS) ?? 0,
    timeoutMs: configuration.get(ClientOptions.CLIENT_TIMEOUT),
    retryDelayMs,
    maxContentBytes: configuration.get(RestOptions.CLIENT_MAX_CONTENT_LENGTH),
    ...(leaderChanges === undefined ? {} : { leaderChanges }),
  })
}

function configuredAddress(configuration: Configuration): string {
  const host = configuration.get(RestOptions.ADDRESS) ?? 'localhost'
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return `${bracketed}:${configuration.get(RestOptions.PORT)}`
}
