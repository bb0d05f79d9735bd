/**
 * A task of this framework. NEW: it wants a place. LAUNCHING: it has one, which is being noted. STAGING: the master was told, and has not
 * said that it starts. RECONCILING: what became of it is unknown, and asked. RUNNING. UNREACHABLE: its agent is; it is given up, and
 * killed if it comes back. KILLING: it is not wanted, and must end. TERMINAL: it has ended, or never was.
 */
export type TaskState =
  | 'NEW'
  | 'LAUNCHING'
  | 'STAGING'
  | 'RECONCILING'
  | 'RUNNING'
  | 'UNREACHABLE'
  | 'KILLING'
  | 'TERMINAL'

/** What can happen to a task. */
export type TaskEvent =
  /** The launch coordinator has found a place. */
  | 'placed'
  /** That place was gone before the master could be told. */
  | 'voided'
  /** The master is told of it. */
  | 'accepted'
  /** It cannot be said what it should be. */
  | 'unlaunchable'
  /** Nobody wants it any more. */
  | 'release'
  /** Nothing was heard of it for too long. */
  | 'overdue'
  /** There is a new subscription: whatever happened since the last one is unknown. */
  | 'subscribed'
  // What Mesos says of it.
  | 'staging'
  | 'alive'
  | 'killing'
  | 'unreachable'
  | 'ended'
  /** Said by a master that may not know better yet, or in words that are not known here. */
  | 'doubtful'

/** The next state; the present one again: what is done on entering it is done again; `-`: nothing happens. */
type Next = TaskState | '-'

/** What follows from what. Events that a state does not list cannot happen in it. */
export const TASK_TRANSITIONS: Readonly<
  Record<TaskState, Readonly<Partial<Record<TaskEvent, Next>>>>
> = {
  NEW: {
    placed: 'LAUNCHING',
    unlaunchable: 'TERMINAL',
    release: 'TERMINAL',
    subscribed: '-',
    // The master cannot know it.
    staging: '-',
    alive: '-',
    killing: '-',
    unreachable: '-',
    ended: '-',
    doubtful: '-',
  },
  LAUNCHING: {
    // The coordinator could not use the first place.
    placed: 'LAUNCHING',
    voided: 'NEW',
    unlaunchable: 'TERMINAL',
    accepted: 'STAGING',
    // The master has not heard of it yet.
    release: 'TERMINAL',
    overdue: 'RECONCILING',
    subscribed: '-',
    staging: 'STAGING',
    alive: 'RUNNING',
    killing: '-',
    unreachable: 'UNREACHABLE',
    ended: 'TERMINAL',
    doubtful: '-',
  },
  STAGING: {
    release: 'KILLING',
    overdue: 'RECONCILING',
    subscribed: 'RECONCILING',
    staging: 'STAGING',
    alive: 'RUNNING',
    killing: '-',
    unreachable: 'UNREACHABLE',
    ended: 'TERMINAL',
    doubtful: 'RECONCILING',
  },
  RECONCILING: {
    // The coordinator held it back longer than we waited.
    accepted: 'STAGING',
    release: 'KILLING',
    subscribed: 'RECONCILING',
    staging: 'STAGING',
    alive: 'RUNNING',
    killing: 'RUNNING',
    unreachable: 'UNREACHABLE',
    ended: 'TERMINAL',
    doubtful: '-',
  },
  RUNNING: {
    release: 'KILLING',
    subscribed: 'RECONCILING',
    staging: '-',
    alive: '-',
    killing: '-',
    unreachable: 'UNREACHABLE',
    ended: 'TERMINAL',
    doubtful: 'RECONCILING',
  },
  UNREACHABLE: {
    release: '-',
    subscribed: '-',
    staging: 'KILLING',
    alive: 'KILLING',
    killing: 'KILLING',
    unreachable: '-',
    ended: 'TERMINAL',
    doubtful: '-',
  },
  KILLING: {
    release: '-',
    overdue: 'KILLING',
    subscribed: 'KILLING',
    staging: '-',
    alive: '-',
    killing: '-',
    unreachable: 'UNREACHABLE',
    ended: 'TERMINAL',
    doubtful: '-',
  },
  TERMINAL: {},
}
