import {
  type Clock,
  type Configuration,
  HighAvailabilityOptions,
  noopLogger,
  SystemRandom,
} from '@flink-ts/core'
import type { RestLeaderLookup } from '@flink-ts/rest/client'

/** Asks what `high-availability.type` names, for a moment each time: a client keeps no connection to it open. */
export function restLeaderLookup(configuration: Configuration, clock: Clock): RestLeaderLookup {
  const quorum = configuration.get(HighAvailabilityOptions.HA_ZOOKEEPER_QUORUM)
  const clusterId = configuration.get(HighAvailabilityOptions.HA_CLUSTER_ID)
  const type = configuration.get(HighAvailabilityOptions.HA_MODE)
  return {
    description:
      quorum === undefined
        ? `${type}, cluster ${clusterId}`
        : `ZooKeeper at ${quorum}, cluster ${clusterId} (what it keeps: flink ha list)`,
    async find({ patienceMs, unlike }) {
      // Not loaded by clients of clusters without it.
      const { awaitLeader, loadHighAvailability } = await import('@flink-ts/runtime')
      const factory = await loadHighAvailability(configuration, (name) => import(name))
      if (factory === undefined) return undefined
      const gaveUp = new AbortController()
      const retrieval = await factory.createLeaderRetrieval({
        configuration,
        clock,
        random: new SystemRandom(),
        log: noopLogger,
        onFatalError: (error) => gaveUp.abort(error),
      })
      try {
        const leader = await awaitLeader(
          retrieval,
          { kind: 'rest_server' },
          {
            clock,
            patienceMs,
            isWanted: ({ address }) => address !== unlike,
            signal: gaveUp.signal,
          },
        )
        return leader?.address
      } finally {
        await retrieval.close()
      }
    },
  }
}
