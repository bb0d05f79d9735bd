import { FlinkError } from '@flink-ts/core'

/** A standby could not have a request answered by the leader. */
export class StandbyError extends FlinkError {
  /** Base URL of the leader that was tried; undefined: there is none. */
  readonly leader: string | undefined

  constructor(
    message: string,
    facts: {
      readonly code:
        | 'FLINK_REST_NO_LEADER'
        | 'FLINK_REST_LEADER_UNREACHABLE'
        | 'FLINK_REST_LEADER_LOST'
      readonly leader?: string | undefined
      readonly cause?: unknown
    },
  ) {
    super(message, { code: facts.code, retriable: true, cause: facts.cause })
    this.leader = facts.leader
  }
}

/** Nobody leads: the request reached nobody. */
export function noLeader(): StandbyError {
  return new StandbyError(
    'This JobManager is a standby, and nobody leads at the moment: repeat the request a moment later',
    { code: 'FLINK_REST_NO_LEADER' },
  )
}

/** A standby has sent the request here, in the belief that this one leads. */
export function notLeading(leader: string | undefined): StandbyError {
  return new StandbyError(
    'This JobManager got the request from a standby, but does not lead (any more, or yet): repeat it a moment later',
    { code: 'FLINK_REST_NO_LEADER', leader },
  )
}

/** @param sent whether the leader may have got it: then nobody knows what came of it */
export function leaderFailed(leader: string, sent: boolean, cause: unknown): StandbyError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new StandbyError(
    sent
      ? `The leader at ${leader} was lost before it answered (${why}): whether it did what was asked is not known`
      : `This JobManager is a standby and cannot reach the leader at ${leader}: ${why}`,
    { code: sent ? 'FLINK_REST_LEADER_LOST' : 'FLINK_REST_LEADER_UNREACHABLE', leader, cause },
  )
}
