import {
  ClientOptions,
  type Clock,
  type Configuration,
  HighAvailabilityOptions,
  isHighlyAvailable,
  RestOptions,
  SecurityOptions,
} from '@flink-ts/core'
import type { ClusterSecret } from '@flink-ts/core/security/secrets'
import { type LeaderChanges, RestClusterClient, type RestLeaderLookup } from '@flink-ts/rest/client'
import { configuredSecret, presentSecret } from './configured-secret.js'
import { restLeaderLookup } from './rest-leader-lookup.js'

/**
 * A client of the cluster that a configuration names: by `rest.address` and `rest.port`, or with high availability whichever
 * JobManager leads, also when that changes. Where the configuration does not say whether the cluster asks for its secret, the client
 * shows that it knows it to those who ask, and have proved that they know it, too.
 *
 * @param options.address `host:port` of one JobManager, in place of what the configuration says; it may be a standby
 * @param options.configurationFolder where the file with the secret is, unless the configuration names it
 * @param options.secret that of the cluster, in place of the file's; sent with `security.rest.authentication.enabled` only
 * @param options.lookup finds the JobManager that leads, in place of what the configuration says about high availability
 * @throws FlinkError FLINK_CLUSTER_SECRET when the cluster asks for its secret, and there is none, or others can read it
 */
export function clusterRestClient(
  options: {
    readonly configuration: Configuration
    readonly clock: Clock
    readonly address?: string | undefined
    readonly configurationFolder?: string | undefined
    readonly secret?: ClusterSecret | undefined
    readonly lookup?: RestLeaderLookup | undefined
  } & Pick<LeaderChanges, 'onWaiting' | 'onFound'>,
): RestClusterClient {
  const { configuration, clock, address, onWaiting, onFound } = options
  const retryDelayMs = configuration.get(RestOptions.RETRY_DELAY)
  const isAvailable = isHighlyAvailable(configuration)
  const lookup =
    options.lookup ??
    (isAvailable && address === undefined ? restLeaderLookup(configuration, clock) : undefined)
  const leaderChanges: LeaderChanges | undefined =
    isAvailable || lookup
      ? {
          // A standby leads when the session of the leader is over, and repetitions come on top.
          patienceMs:
            configuration.get(HighAvailabilityOptions.ZOOKEEPER_SESSION_TIMEOUT) +
            configuration.get(RestOptions.RETRY_MAX_ATTEMPTS) * retryDelayMs,
          firstPatienceMs: configuration.get(RestOptions.AWAIT_LEADER_TIMEOUT),
          ...(lookup === undefined ? {} : { lookup }),
          ...(onWaiting === undefined ? {} : { onWaiting }),
          ...(onFound === undefined ? {} : { onFound }),
        }
      : undefined
  const secret = configuration.get(SecurityOptions.REST_AUTHENTICATION_ENABLED)
    ? (options.secret ?? configuredSecret(configuration, options.configurationFolder))
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
    ...(secret === undefined ? {} : { secret }),
    // Whoever says that nobody is asked, means it.
    ...(configuration.getOptional(SecurityOptions.REST_AUTHENTICATION_ENABLED) === undefined
      ? { secretOnDemand: () => presentSecret(configuration, options.configurationFolder) }
      : {}),
  })
}

function configuredAddress(configuration: Configuration): string {
  const host = configuration.get(RestOptions.ADDRESS) ?? 'localhost'
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return `${bracketed}:${configuration.get(RestOptions.PORT)}`
}
