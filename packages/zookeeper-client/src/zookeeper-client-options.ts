import type { Clock, Logger, Random } from '@flink-ts/core'

/** Who a client says that it is, such as scheme `digest` and `user:password`. */
export interface ZooKeeperAuthorization {
  readonly scheme: string
  readonly auth: string
}

export interface ZooKeeperClientOptions {
  /** `host[:port],host[:port],…[/chroot]`; see {@link parseConnectString}. */
  readonly connectString: string
  /** Asked for, in milliseconds. Servers grant what is in their bounds: by default 2 to 20 of their ticks. */
  readonly sessionTimeoutMs: number
  /** How long a call waits for a session, and a server may take to open one, in milliseconds. */
  readonly connectionTimeoutMs: number
  /** Default none. */
  readonly authorization?: readonly ZooKeeperAuthorization[]
  /** Who may do what with new nodes: everybody everything, or only whoever has one of the {@link authorization}s of this client. */
  readonly acl: 'open' | 'creator'
  readonly clock: Clock
  /** Shuffles the hosts, and spreads attempts to connect. */
  readonly random: Random
  readonly log: Logger
}
