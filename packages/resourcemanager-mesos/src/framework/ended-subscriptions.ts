import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { SubscriptionEnd } from '@flink-ts/mesos-client'
import type { FrameworkIdentity } from './framework-identity.js'
import { frameworkFailedOver, frameworkRefused } from './mesos-framework-error.js'

/** A former leader that has not heard of its end may subscribe; we do again so much later. */
const SUBSCRIBE_AGAIN_MS = 1_000

export interface EndedSubscriptionsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly identity: FrameworkIdentity
  /** Whether the store tells a leader from a former one. */
  readonly isHighlyAvailable: boolean
  /** Nothing follows any more. */
  readonly isOver: () => boolean
  /** All tasks are gone with their framework. */
  readonly onTasksGone: (why: string) => void
  readonly subscribe: () => Promise<void>
  /** The framework cannot go on. */
  readonly onEnd: (error: Error) => void
  /** What follows could not be done. */
  readonly onFailed: (error: unknown) => void
}

/** What follows from the end of a subscription that does not come back by itself. */
export class EndedSubscriptions {
  readonly #options: EndedSubscriptionsOptions
  #isGone = false
  #cancelSubscribing: CancelTimer | undefined

  constructor(options: EndedSubscriptionsOptions) {
    this.#options = options
  }

  /** Whether the master has said that the framework is no more. */
  get isGone(): boolean {
    return this.#isGone
  }

  ended({ kind, message }: SubscriptionEnd): void {
    const { isOver, onEnd, onFailed } = this.#options
    this.#isGone = kind === 'framework-removed'
    if (isOver()) return
    switch (kind) {
      case 'framework-removed':
        this.#frameworkRemoved(message).catch(onFailed)
        break
      case 'failed-over':
        this.#failedOver(message)
        break
      case 'refused':
        onEnd(frameworkRefused(message))
        break
    }
  }

  close(): void {
    this.#cancelSubscribing?.()
  }

  /** Its id is retired, and its tasks are killed: the cluster goes on as another framework. */
  async #frameworkRemoved(message: string): Promise<void> {
    const { identity, isOver, onTasksGone, subscribe } = this.#options
    onTasksGone(`the framework of its task is no more: ${message}`)
    await identity.forget()
    if (isOver()) return
    this.#isGone = false
    await subscribe()
  }

  /**
   * Another scheduler has subscribed: the next leader, of which we have not heard, or a former one that has not heard of us. The store
   * knows which of us leads.
   */
  #failedOver(message: string): void {
    const { clock, log, identity, isHighlyAvailable, isOver, subscribe, onEnd, onFailed } =
      this.#options
    const { frameworkId = 'unknown' } = identity
    if (!isHighlyAvailable) {
      onEnd(frameworkFailedOver(frameworkId, message))
      return
    }
    identity.confirm().then(() => {
      if (isOver()) return
      log.warn('A former leader took the framework over: it is taken back', { frameworkId })
      this.#cancelSubscribing = clock.schedule(SUBSCRIBE_AGAIN_MS, () => {
        subscribe().catch(onFailed)
      })
    }, onFailed)
  }
}
