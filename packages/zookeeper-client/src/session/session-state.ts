/**
 * - `new`: not started
 * - `opening`: there is no session, and one is asked for
 * - `connected`
 * - `suspended`: there is a session, and no server answers
 * - `ending`: the session was given up as nobody confirmed it; servers may still have it, so it is ended before another is asked for
 * - `auth-failed`, `closed`: for ever
 */
export type SessionState =
  | 'new'
  | 'opening'
  | 'connected'
  | 'suspended'
  | 'ending'
  | 'auth-failed'
  | 'closed'

export type SessionInput =
  | 'started'
  | 'ready'
  | 'disconnected'
  /** The servers have no such session. */
  | 'expired'
  /** Nobody has confirmed the session for its timeout. */
  | 'unconfirmed'
  | 'ended'
  | 'auth-refused'
  | 'closed'

/** What follows; what is not in it cannot happen. */
export const SESSION_TRANSITIONS: Readonly<
  Record<SessionState, Partial<Readonly<Record<SessionInput, SessionState>>>>
> = {
  new: { started: 'opening', closed: 'closed' },
  opening: {
    ready: 'connected',
    disconnected: 'opening',
    expired: 'opening',
    'auth-refused': 'auth-failed',
    closed: 'closed',
  },
  connected: {
    disconnected: 'suspended',
    expired: 'opening',
    unconfirmed: 'ending',
    'auth-refused': 'auth-failed',
    closed: 'closed',
  },
  suspended: {
    ready: 'connected',
    disconnected: 'suspended',
    expired: 'opening',
    unconfirmed: 'ending',
    'auth-refused': 'auth-failed',
    closed: 'closed',
  },
  ending: { ended: 'opening', closed: 'closed' },
  'auth-failed': { closed: 'closed' },
  closed: { closed: 'closed' },
}
