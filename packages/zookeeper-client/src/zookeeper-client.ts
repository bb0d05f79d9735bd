import type { ZooKeeperStat } from './zookeeper-stat.js'

/** Where the session of a client stands; see {@link ZooKeeperClient.onSession}. */
export type ZooKeeperSessionEvent =
  /** A session is open: the first one, or a new one after `lost`. Nothing of an earlier session is left: ephemeral nodes and watches are to be made again. */
  | { readonly type: 'connected'; readonly sessionId: string }
  /** No server answers. The session may be alive: ephemeral nodes stand until the servers let it expire. */
  | { readonly type: 'suspended' }
  /** The same session again after `suspended`, in time: ephemeral nodes and watches are still there. */
  | { readonly type: 'reconnected'; readonly sessionId: string }
  /** The session is over, by the servers' word or because nobody has answered for a whole session timeout. The client opens another one by itself. */
  | { readonly type: 'lost' }
  /** The servers refuse the credentials: no session will ever open. Only {@link ZooKeeperClient.close} is left. */
  | { readonly type: 'auth-failed'; readonly scheme: string }

/** What a watch tells, once. */
export interface ZooKeeperWatchEvent {
  readonly type: 'created' | 'deleted' | 'data-changed' | 'children-changed'
  readonly path: string
}

/** Told at most once, and never after its session is lost. */
export type ZooKeeperWatcher = (event: ZooKeeperWatchEvent) => void

export interface CreateOptions {
  /** Gone with the session. Default false. */
  readonly ephemeral?: boolean
  /** The name gets ten digits behind it, higher for each node below one parent. Default false. */
  readonly sequential?: boolean
}

/** One step of a {@link ZooKeeperClient.multi}; version -1 means any, 0 means 0. */
export type ZooKeeperOperation =
  | { readonly type: 'check'; readonly path: string; readonly version: number }
  | ({ readonly type: 'create'; readonly path: string; readonly data: Uint8Array } & CreateOptions)
  | {
      readonly type: 'set-data'
      readonly path: string
      readonly data: Uint8Array
      readonly version: number
    }
  | { readonly type: 'remove'; readonly path: string; readonly version: number }

export type ZooKeeperOperationResult =
  | { readonly type: 'check' }
  /** The path with its digits, if it is sequential. */
  | { readonly type: 'create'; readonly path: string }
  | { readonly type: 'set-data'; readonly stat: ZooKeeperStat }
  | { readonly type: 'remove' }

/**
 * A client of a ZooKeeper ensemble that has one session at a time and opens the next by itself when one is lost.
 *
 * Calls of one session are carried out in the order in which they were made. A call that is made while there is no
 * session waits for one, for the connection timeout at most. Every call ends: with a result, or with a
 * {@link ZooKeeperError} whose `reason` says why. After `connection-loss` and `operation-timeout` nobody knows
 * whether a change was made; all other reasons mean that it was not.
 *
 * Paths begin with `/` and are absolute. The ACL of new nodes is the client's.
 */
export interface ZooKeeperClient {
  /** Granted by the servers in milliseconds, once there is a session; before that, what was asked for. */
  readonly sessionTimeoutMs: number
  /** The id of the open session in hexadecimal digits; undefined while there is none. */
  readonly sessionId: string | undefined
  /** Whether the session is open and a server answers. */
  readonly isConnected: boolean
  /**
   * Before this time, in the clock's monotonic milliseconds, no server lets the session expire; whoever is the first in it
   * stays so until then. Later with each answer. Undefined while there is no session.
   */
  readonly sessionSafeUntil: number | undefined
  /** Tells of the session's way, first of where it stands now if it is connected. @returns a function that ends it */
  onSession(listener: (event: ZooKeeperSessionEvent) => void): () => void

  /** Begins to connect. Called once. */
  start(): void
  /** @returns the path of the new node */
  create(path: string, data: Uint8Array, options?: CreateOptions): Promise<string>
  /** Creates `path` and what is missing above it, without data. Nothing happens if it is there. */
  createRecursive(path: string): Promise<void>
  /** With a watcher: tells when the data changes or the node is removed. */
  getData(
    path: string,
    watcher?: ZooKeeperWatcher,
  ): Promise<{ readonly data: Uint8Array; readonly stat: ZooKeeperStat }>
  /** With a watcher: tells when the node is created, changed or removed. */
  exists(path: string, watcher?: ZooKeeperWatcher): Promise<ZooKeeperStat | undefined>
  /** Names below `path`, sorted. With a watcher: tells when one comes or goes, or the node itself is removed. */
  getChildren(
    path: string,
    watcher?: ZooKeeperWatcher,
  ): Promise<{ readonly children: readonly string[]; readonly stat: ZooKeeperStat }>
  /** Version -1 means any. */
  setData(path: string, data: Uint8Array, version: number): Promise<ZooKeeperStat>
  /** Version -1 means any. */
  remove(path: string, version: number): Promise<void>
  /** Removes the node and everything below it. Nothing happens if there is none. */
  removeRecursive(path: string): Promise<void>
  /**
   * All steps or none. A refusal rejects with a {@link ZooKeeperError} that has the reason and the path of the step at
   * fault and its index as `operationIndex`.
   */
  multi(operations: readonly ZooKeeperOperation[]): Promise<ZooKeeperOperationResult[]>
  /** Ends the session at once, if a server answers, so that its ephemeral nodes are gone. Idempotent. */
  close(): Promise<void>
}
