import { FlinkError } from '@flink-ts/core'
import { type FencingToken, formatFencingToken } from '@flink-ts/rpc'

/** A former leader tried to change what the present one keeps. */
export class LeadershipLostError extends FlinkError {
  readonly token: FencingToken

  /** `leader`: of the present term, if it is known; `undefined`: nobody leads. */
  constructor(facts: {
    operation: string
    token: FencingToken
    leader: FencingToken | undefined | 'unknown'
    cause?: unknown
  }) {
    const { operation, token, leader, cause } = facts
    const why =
      leader === 'unknown' ? 'it is over' : `the leader's term is ${formatFencingToken(leader)}`
    super(`Refused to ${operation} for the term ${formatFencingToken(token)}: ${why}`, {
      code: 'FLINK_LEADERSHIP_LOST',
      cause,
    })
    this.token = token
  }
}

/** The coordination service did not answer: nobody knows whether the operation happened. */
export class CoordinationConnectionLostError extends FlinkError {
  constructor(facts: { operation: string; client: string; cause?: unknown }) {
    super(
      `${facts.client} lost the coordination service before it heard of the outcome: ${facts.operation}`,
      { code: 'FLINK_COORDINATION_CONNECTION_LOST', retriable: true, cause: facts.cause },
    )
  }
}

/** An entry cannot be created: there is one. */
export class EntryExistsError extends FlinkError {
  readonly path: string

  constructor(path: string) {
    super(`Could not create the entry ${path}: it exists already`, {
      code: 'FLINK_HA_ENTRY_EXISTS',
    })
    this.path = path
  }
}

/** An entry cannot be changed: there is none. */
export class EntryMissingError extends FlinkError {
  readonly path: string

  constructor(path: string) {
    super(`Could not change the entry ${path}: there is none`, { code: 'FLINK_HA_ENTRY_MISSING' })
    this.path = path
  }
}

/** An entry was changed by somebody else meanwhile. */
export class EntryVersionError extends FlinkError {
  readonly path: string

  constructor(facts: { path: string; expected: number; found: number }) {
    super(
      `Could not change the entry ${facts.path}: it has version ${facts.found}, the change is based on ${facts.expected}`,
      { code: 'FLINK_HA_ENTRY_VERSION', retriable: true },
    )
    this.path = facts.path
  }
}

/** What an entry contains cannot be read. */
export class CorruptEntryError extends FlinkError {
  readonly path: string

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`The entry ${path} cannot be read: ${reason}. Remove it if nobody needs it`, {
      code: 'FLINK_HA_ENTRY_CORRUPT',
      cause,
    })
    this.path = path
  }
}
