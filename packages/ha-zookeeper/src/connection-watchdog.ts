import { type CancelTimer, type Clock, HighAvailabilityOptions, type Logger } from '@flink-ts/core'
import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { ZooKeeperHaSettings } from './zookeeper-ha-settings.js'

/** Warnings of one long outage are not closer than this. */
const MIN_INTERVAL_MS = 15_000

/** Warns as long as no server answers, first after the connection timeout. @returns a function that ends it */
export function watchConnection(options: {
  readonly zooKeeper: ZooKeeperClient
  readonly settings: ZooKeeperHaSettings
  readonly clock: Clock
  readonly log: Logger
}): () => void {
  const { zooKeeper, settings, clock, log } = options
  const { quorum, connectionTimeoutMs } = settings
  const key = HighAvailabilityOptions.HA_ZOOKEEPER_QUORUM.key
  let cancel: CancelTimer | undefined
  let sinceMs = clock.monotonicNow()
  const arm = (delayMs: number) => {
    cancel = clock.schedule(delayMs, () => {
      log.warn(`No server of '${key}' (${quorum}) answers; going on trying`, {
        forMs: Math.round(clock.monotonicNow() - sinceMs),
      })
      arm(Math.max(connectionTimeoutMs, MIN_INTERVAL_MS))
    })
  }
  const disarm = () => {
    cancel?.()
    cancel = undefined
  }
  arm(connectionTimeoutMs)
  const unsubscribe = zooKeeper.onSession(({ type }) => {
    if (type === 'suspended' || type === 'lost') {
      if (cancel !== undefined) return
      sinceMs = clock.monotonicNow()
      arm(connectionTimeoutMs)
    } else disarm()
  })
  return () => {
    unsubscribe()
    disarm()
  }
}
