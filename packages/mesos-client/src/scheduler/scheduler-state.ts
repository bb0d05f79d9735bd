/**
 * - `new`: not started
 * - `subscribing`: masters are being asked
 * - `pausing`: until the next attempt
 * - `subscribed`
 * - `ended`: the master has said so, or the framework has torn itself down; for ever
 * - `closed`: for ever
 */
export type SchedulerState = 'new' | 'subscribing' | 'pausing' | 'subscribed' | 'ended' | 'closed'

export type SchedulerInput =
  | 'started'
  | 'subscribed'
  /** An attempt has failed, or a subscription is over. */
  | 'lost'
  | 'retried'
  | 'ended'
  | 'closed'

/** What follows; what is not in it cannot happen. */
export const SCHEDULER_TRANSITIONS: Readonly<
  Record<SchedulerState, Partial<Readonly<Record<SchedulerInput, SchedulerState>>>>
> = {
  new: { started: 'subscribing', closed: 'closed' },
  subscribing: { subscribed: 'subscribed', lost: 'pausing', ended: 'ended', closed: 'closed' },
  pausing: { retried: 'subscribing', closed: 'closed' },
  subscribed: { lost: 'pausing', ended: 'ended', closed: 'closed' },
  ended: { closed: 'closed' },
  closed: {},
}
