import { FlinkError } from '@flink-ts/core'

/** Why ZooKeeper, or the client, did not do what was asked. */
export type ZooKeeperErrorReason =
  | 'no-node'
  | 'node-exists'
  | 'bad-version'
  | 'not-empty'
  | 'no-children-for-ephemerals'
  | 'no-auth'
  | 'auth-failed'
  | 'invalid-acl'
  | 'bad-arguments'
  /** The server only reads: it has lost its quorum. */
  | 'not-read-only'
  /** The connection broke before the answer came. */
  | 'connection-loss'
  /** No answer in time, or no session in time, or the server has too much to do. */
  | 'operation-timeout'
  | 'session-expired'
  /** Another server has taken the session over: the change was not made. */
  | 'session-moved'
  /** {@link ZooKeeperClient.close} was called. */
  | 'closed'
  /** A code that this client does not know; see {@link ZooKeeperError.serverCode}. */
  | 'unknown'

const CODES: Readonly<Record<ZooKeeperErrorReason, `FLINK_ZOOKEEPER_${string}`>> = {
  'no-node': 'FLINK_ZOOKEEPER_NO_NODE',
  'node-exists': 'FLINK_ZOOKEEPER_NODE_EXISTS',
  'bad-version': 'FLINK_ZOOKEEPER_BAD_VERSION',
  'not-empty': 'FLINK_ZOOKEEPER_NOT_EMPTY',
  'no-children-for-ephemerals': 'FLINK_ZOOKEEPER_NO_CHILDREN_FOR_EPHEMERALS',
  'no-auth': 'FLINK_ZOOKEEPER_NO_AUTH',
  'auth-failed': 'FLINK_ZOOKEEPER_AUTH_FAILED',
  'invalid-acl': 'FLINK_ZOOKEEPER_INVALID_ACL',
  'bad-arguments': 'FLINK_ZOOKEEPER_BAD_ARGUMENTS',
  'not-read-only': 'FLINK_ZOOKEEPER_NOT_READ_ONLY',
  'connection-loss': 'FLINK_ZOOKEEPER_CONNECTION_LOSS',
  'operation-timeout': 'FLINK_ZOOKEEPER_OPERATION_TIMEOUT',
  'session-expired': 'FLINK_ZOOKEEPER_SESSION_EXPIRED',
  'session-moved': 'FLINK_ZOOKEEPER_SESSION_MOVED',
  closed: 'FLINK_ZOOKEEPER_CLOSED',
  unknown: 'FLINK_ZOOKEEPER_UNKNOWN_ERROR',
}

const RETRIABLE: ReadonlySet<ZooKeeperErrorReason> = new Set([
  'connection-loss',
  'operation-timeout',
  'session-expired',
  'session-moved',
  'not-read-only',
])

export interface ZooKeeperErrorFacts {
  readonly reason: ZooKeeperErrorReason
  /** What was attempted, such as `create /flink/default/leader`. */
  readonly operation: string
  readonly path?: string
  /** Index of the step of a `multi` that was refused. */
  readonly operationIndex?: number
  /** The code that a server sent, if the client does not know it. */
  readonly serverCode?: number
  readonly detail?: string
  readonly cause?: unknown
}

/** Something that was asked of ZooKeeper did not happen, or nobody knows whether it did. */
export class ZooKeeperError extends FlinkError {
  readonly reason: ZooKeeperErrorReason
  readonly path: string | undefined
  readonly operationIndex: number | undefined
  readonly serverCode: number | undefined

  constructor(facts: ZooKeeperErrorFacts) {
    const { reason, operation, path, operationIndex, serverCode, detail, cause } = facts
    const words = reason.replaceAll('-', ' ')
    super(
      `ZooKeeper: could not ${operation}: ${words}${serverCode === undefined ? '' : ` (code ${serverCode})`}${detail === undefined ? '' : `: ${detail}`}`,
      { code: CODES[reason], retriable: RETRIABLE.has(reason), cause },
    )
    this.reason = reason
    this.path = path
    this.operationIndex = operationIndex
    this.serverCode = serverCode
  }
}
