import type { Clock, Logger, Random } from '@flink-ts/core'
import type { ZooKeeperServer } from '../connect-string.js'
import type { ZooKeeperAuthorization } from '../zookeeper-client-options.js'

/** An answer of a server; its code is 0 if it did what was asked. Undefined: the connection broke before. */
export type Answer = { readonly code: number; readonly payload: unknown } | undefined

export interface GuardedConnectionOptions {
  /** In the order in which they are tried. */
  readonly servers: readonly ZooKeeperServer[]
  readonly chroot: string | undefined
  readonly sessionTimeoutMs: number
  readonly connectionTimeoutMs: number
  readonly authorization: readonly ZooKeeperAuthorization[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** What a connection tells of its session. Called inside of socket events: what it does must not throw. */
export interface ConnectionListener {
  /** The session is open, credentials and watches are set: requests may be sent, those of {@link ready} itself first. */
  ready(): void
  /** Servers had the session at `at`, in the clock's monotonic time. */
  confirmed(at: number): void
  /** Requests are about to be answered with `undefined`. It is being connected to again. */
  disconnected(): void
  /** The servers have no such session any more. Nothing more comes. */
  expired(): void
  /** Nothing more comes. */
  authFailed(scheme: string): void
}
