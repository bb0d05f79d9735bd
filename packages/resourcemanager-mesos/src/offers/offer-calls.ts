import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import {
  MesosCallError,
  type Offer,
  type SchedulerCall,
  type TaskInfo,
} from '@flink-ts/mesos-client'

export interface OfferCallsOptions {
  readonly clock: Clock
  readonly log: Logger
  /** To the master, in order. */
  readonly call: (call: SchedulerCall) => Promise<void>
  /** How long what is declined, or left over, is not offered again. */
  readonly refuseMs: number
}

/** Until a REVIVE that the master did not take is sent again. */
const REVIVE_AGAIN_MS = 5_000
/**
 * So long what is enough for nobody is not offered again, unless the agent has more than that by then, which Mesos offers at once, or
 * offers are revived for another request: others can have it meanwhile.
 */
const REFUSE_USELESS_MS = 30_000
/** Offers in one DECLINE. */
const DECLINE_CHUNK = 1_000

/** What the launch coordinator says to the master. */
export class OfferCalls {
  readonly #options: OfferCallsOptions
  #cancelRevive: CancelTimer | undefined
  /** Counts: what is said of an earlier REVIVE means nothing any more. */
  #revival = 0
  #hasFilters = false

  constructor(options: OfferCallsOptions) {
    this.#options = options
  }

  /** Whether something is not offered, as it was refused since offers were revived. */
  get hasFilters(): boolean {
    return this.#hasFilters
  }

  suppress(): void {
    this.stopReviving()
    this.#send({ type: 'SUPPRESS' })
  }

  /** Asks for offers, until the master has taken it. */
  revive(): void {
    this.stopReviving()
    this.#hasFilters = false
    const revival = this.#revival
    this.#send({ type: 'REVIVE' }, () => {
      if (revival !== this.#revival) return
      this.#cancelRevive = this.#options.clock.schedule(REVIVE_AGAIN_MS, () => this.revive())
    })
  }

  stopReviving(): void {
    this.#revival++
    this.#cancelRevive?.()
    this.#cancelRevive = undefined
  }

  accept(offers: readonly Offer[], launch: readonly TaskInfo[]): void {
    const refuseSeconds = this.#refuse(this.#options.refuseMs)
    const offerIds = offers.map(({ id }) => id)
    this.#send({ type: 'ACCEPT', offerIds, launch, refuseSeconds }, () => this.decline(offers))
  }

  decline(offers: readonly Offer[]): void {
    this.#decline(offers, this.#options.refuseMs)
  }

  /** Of what is not enough for anybody who waits. */
  declineUseless(offers: readonly Offer[]): void {
    this.#decline(offers, Math.max(this.#options.refuseMs, REFUSE_USELESS_MS))
  }

  #decline(offers: readonly Offer[], refuseMs: number): void {
    for (let at = 0; at < offers.length; at += DECLINE_CHUNK) {
      const offerIds = offers.slice(at, at + DECLINE_CHUNK).map(({ id }) => id)
      this.#send({ type: 'DECLINE', offerIds, refuseSeconds: this.#refuse(refuseMs) })
    }
  }

  #refuse(refuseMs: number): number {
    if (refuseMs > 0) this.#hasFilters = true
    return refuseMs / 1000
  }

  #send(call: SchedulerCall, onRefused: () => void = () => {}): void {
    this.#options.call(call).catch((error: unknown) => {
      // Without a subscription all begins anew with the next one.
      if (error instanceof MesosCallError && error.reason === 'not-subscribed') return
      this.#options.log.warn('The master does not take a call', { type: call.type, error })
      onRefused()
    })
  }
}
