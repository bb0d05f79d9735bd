import type { Configuration } from '@flink-ts/core'

/** What the configuration says about high availability on ZooKeeper, checked. */
export interface ZooKeeperHaSettings {
  /** `host:port,host:port,…` */
  readonly quorum: string
  /** Node below which every cluster has its own, such as `/flink`. */
  readonly rootPath: string
  /** As configured, without the slash that it may begin with. */
  readonly clusterId: string
  /** Namespace of the submitted jobs. */
  readonly executionPlans: string
  /** Undefined if it is not configured: processes that keep nothing do not need it. */
  readonly storageDirectory: string | undefined
  readonly sessionTimeoutMs: number
  readonly connectionTimeoutMs: number
  readonly retry: ZooKeeperRetrySettings
  readonly acl: 'open' | 'creator'
  readonly authorization: readonly { readonly scheme: string; readonly auth: string }[]
  /** A leader goes on while its connection is cut, until its session is over. */
  readonly tolerateSuspendedConnections: boolean
}

/** How reads are repeated; the pause doubles, and ends when the connection is back. */
export interface ZooKeeperRetrySettings {
  readonly initialDelayMs: number
  readonly maxRetries: number
  readonly maxDelayMs: number
}

/**
 * Reads and checks all keys of `high-availability.*` that concern ZooKeeper.
 *
 * @throws IllegalConfigurationError naming the key
 */
export function zooKeeperHaSettings(_configuration: Configuration): ZooKeeperHaSettings {
  throw new Error('being written')
}
