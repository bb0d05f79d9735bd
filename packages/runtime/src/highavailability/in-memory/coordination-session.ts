import type { CancelTimer } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type { LeaderAddress } from '../high-availability-services.js'
import type { CoordinationLink } from './coordination-link.js'

/** What the coordination service tells a client; it arrives in order. */
export interface CoordinationListener {
  /** The token of the term that the session leads, if it does; repeated freely. */
  onLeadership(token: FencingToken | undefined): void
  /** Who leads a component to which the session has subscribed; repeated freely. */
  onLeader(component: string, leader: LeaderAddress | undefined): void
  /** The session is over: leadership, if it had it, is another's. */
  onExpired(): void
  /** The connection is cut and may come back. */
  onSuspended(): void
  /** It came back in time: the session is the same. */
  onReconnected(): void
}

/** One client at the coordination service, until it expires. */
export interface CoordinationSession {
  readonly id: number
  /** Of the client; a client has one session at a time. */
  readonly client: string
  readonly link: CoordinationLink
  readonly listener: CoordinationListener
  /** Components whose leaders it wants to hear of. */
  readonly subscriptions: Set<string>
  expired: boolean
  /** The client knows that its connection is cut. */
  aware: boolean
  cancelExpiry: CancelTimer | undefined
}
