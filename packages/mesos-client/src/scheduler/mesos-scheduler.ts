import type { FrameworkInfo } from '../records/framework-info.js'
import type { SchedulerCall } from './scheduler-calls.js'
import type { SchedulerEvent } from './scheduler-events.js'

export interface Subscription {
  /** The framework's own, or the new one that the master gave. */
  readonly frameworkId: string
  /** `host:port`, for people. */
  readonly master: string
}

/** The end that no further attempt can help. */
export type SubscriptionEnd =
  /** The id is retired: the failover timeout is over, or somebody has torn the framework down. Its tasks are killed. */
  | { readonly kind: 'framework-removed'; readonly message: string }
  /** Another scheduler has subscribed with the same id: this one must stop. */
  | { readonly kind: 'failed-over'; readonly message: string }
  /** The master does not take the framework: role, user, principal, credentials … `message` is the master's word and what to do. */
  | { readonly kind: 'refused'; readonly message: string }

/**
 * Told from whichever turn of the event loop, in the master's order: `onSubscribed`, any number of `onEvent`, `onDisconnected`, and so on;
 * after `onEnded` nothing more.
 */
export interface SchedulerListener {
  /** Offers of an earlier subscription are void; whatever happened since is to be asked for (RECONCILE). */
  onSubscribed(subscription: Subscription): void
  onEvent(event: SchedulerEvent): void
  /** The stream is gone; the next one is being looked for. Told once for each `onSubscribed`, and never before one. */
  onDisconnected(reason: string): void
  /** There is no subscription, and why not; told at each failed attempt. For people. */
  onAttemptFailed?(reason: string, retryInMs: number): void
  /** After `onDisconnected`, if there was a subscription. What the scheduler has of the machine is there until its owner closes it. */
  onEnded(end: SubscriptionEnd): void
}

/**
 * A framework's side of the v1 scheduler API. It finds the leading master, subscribes, watches the heartbeats and comes back by
 * itself; it decides nothing else.
 */
export interface MesosScheduler {
  /** Begins to subscribe. Called once. The id that a subscription brought is used for the next ones. */
  start(framework: FrameworkInfo, listener: SchedulerListener): void
  /**
   * Says something on the present subscription. Resolved: the master has taken it, which says nothing about its effect.
   * Calls are carried out in the order in which they were made. After a TEARDOWN that was taken, the scheduler subscribes no more and
   * the listener is told nothing more.
   *
   * @throws MesosCallError `reason: 'not-subscribed'` when there is no subscription, or it ended before the answer came (nobody knows
   *   then whether it was carried out); `'refused'` with the master's words
   */
  call(call: SchedulerCall): Promise<void>
  /** Closes the stream without a word: the master waits for the framework until its failover timeout. Idempotent. */
  close(): Promise<void>
}
