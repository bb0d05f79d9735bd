import type { Clock } from '@flink-ts/core'
import type { SimulatedZooKeeperSession } from './simulated-zookeeper-session.js'
import type { ZooKeeperConnection } from './zookeeper-connection.js'

export interface SimulatedZooKeeperClientSettings {
  /** Of its process: for logs and for fate. The former client of the same name is closed or has crashed. */
  readonly name: string
  /** Default 60 s. */
  readonly sessionTimeoutMs?: number
  /** Default 15 s. */
  readonly connectionTimeoutMs?: number
  /** Of its process. Default: that of the ensemble. */
  readonly clock?: Clock
  /** The servers know the scheme `digest` only. Default: nobody in particular. */
  readonly authorization?: { readonly scheme: string; readonly credentials: string } | undefined
  /** What it creates is for those with its credentials only, or (default `open`) for all. */
  readonly acl?: 'open' | 'creator'
}

/** When a client notices that its connection is cut. */
export type CutNotice =
  /** The connection breaks. */
  | 'at-once'
  /** Nothing passes: after half of the session timeout, unless messages pass again before. */
  | 'late'

/** A client asks for its session, or for a new one if it names none. */
export interface SessionRequest {
  readonly id: string | undefined
  readonly timeoutMs: number
  readonly credentials: string | undefined
  readonly exclusive: boolean
  readonly connection: ZooKeeperConnection
  readonly tell: SimulatedZooKeeperSession['tell']
}

/** The ensemble as its clients reach it. */
export interface SimulatedZooKeeperServers {
  areReachable(): boolean
  /** @returns undefined: the session that is named is over */
  accept(request: SessionRequest): SimulatedZooKeeperSession | undefined
  /** @returns undefined: the session is over, or has moved to another connection */
  request<T>(
    id: string,
    connection: ZooKeeperConnection,
    run: (session: SimulatedZooKeeperSession) => T,
  ): { readonly value: T; readonly zxid: number } | undefined
  closeSession(id: string): void
  /** Nothing is heard of its client any more, for so long already. */
  sessionIsAlone(id: string, elapsedMs: number): void
  sessionIsHeard(id: string): void
}
