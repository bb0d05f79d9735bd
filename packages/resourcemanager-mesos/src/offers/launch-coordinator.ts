import assert from 'node:assert/strict'
import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { Offer, SchedulerCall, TaskInfo } from '@flink-ts/mesos-client'
import { violatedConstraint } from './attribute-constraints.js'
import { COORDINATOR_TRANSITIONS, type CoordinatorState } from './coordinator-state.js'
import { HeldOffers } from './held-offers.js'
import type { LaunchCoordinatorSettings } from './launch-coordinator-settings.js'
import { isUnderMaintenance, withoutPastMaintenance } from './maintenance.js'
import { type Matching, matchRequests } from './match-requests.js'
import { OfferCalls } from './offer-calls.js'
import { OfferExpiry } from './offer-expiry.js'
import type { OfferPool } from './offer-pool.js'
import type {
  HindranceListener,
  OfferTaker,
  Placement,
  PlacementHandler,
  PlacementRequest,
  UnsatisfiedListener,
  VoidedListener,
} from './placement.js'
import { Placements } from './placements.js'
import { fits } from './resource-vector.js'
import { ShortageReport } from './shortage-report.js'
import { uselessPools } from './useless-pools.js'
import { WaitingRequests } from './waiting-requests.js'

export interface LaunchCoordinatorOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly settings: LaunchCoordinatorSettings
  /** To the master, in order. */
  readonly call: (call: SchedulerCall) => Promise<void>
  readonly place: PlacementHandler
  readonly onVoided: VoidedListener
  readonly onUnsatisfied: UnsatisfiedListener
  readonly onHindered?: HindranceListener
}

/** For so long the first offer waits for others, unless there is a place for all. */
const GATHER_MS = 1_000
/** Between a placement that could not be carried out and the next attempt. */
const RETRY_MS = 5_000
/** So many are matched as often as one more comes. */
const FEW_OFFERS = 64

/**
 * Finds places for tasks among the offers of Mesos (ADR 27). Offers are suppressed while nothing is wanted, taken together for a
 * moment otherwise, and matched; what is of no use goes back.
 */
export class LaunchCoordinator implements OfferTaker {
  readonly #options: LaunchCoordinatorOptions
  readonly #log: Logger
  readonly #calls: OfferCalls
  readonly #waiting: WaitingRequests
  readonly #held: HeldOffers
  readonly #expiry: OfferExpiry
  readonly #report: ShortageReport
  readonly #placements = new Placements()
  #state: CoordinatorState = 'SUSPENDED'
  #cancelRound: CancelTimer | undefined
  #cancelAttempt: CancelTimer | undefined
  /** When there was no place for all at once: with how many requests, and offers. */
  #attempted = { requests: 0, offers: 0 }

  constructor(options: LaunchCoordinatorOptions) {
    this.#options = options
    this.#log = options.log.child({ component: 'LaunchCoordinator' })
    const { settings } = options
    this.#calls = new OfferCalls({
      ...options,
      log: this.#log,
      refuseMs: settings.declinedOfferRefuseMs,
    })
    this.#waiting = new WaitingRequests(options.clock)
    this.#held = new HeldOffers(settings.networkResourceName)
    this.#expiry = new OfferExpiry({
      clock: options.clock,
      held: this.#held,
      expirationMs: settings.unusedOfferExpirationMs,
      onExpired: (offers) => this.#calls.declineUseless(offers),
    })
    this.#report = new ShortageReport({
      ...options,
      roles: settings.roles,
      hintAfterMs: settings.hintAfterMs,
      waiting: this.#waiting,
      // In case that the master did not hear of it.
      onSilence: () => this.#calls.revive(),
    })
  }

  get state(): CoordinatorState {
    return this.#state
  }

  /** Offers that are held, without those with which tasks are being launched. */
  get heldOffers(): number {
    return this.#held.size
  }

  /** Tasks that wait for a place. */
  get waitingRequests(): number {
    return this.#waiting.size
  }

  connected(): void {
    if (this.#state === 'CLOSED') return
    if (this.#state !== 'SUSPENDED') this.disconnected()
    if (this.#waiting.size === 0) this.#idle()
    else this.#gather()
  }

  disconnected(): void {
    if (this.#state === 'CLOSED' || this.#state === 'SUSPENDED') return
    this.#transitionTo('SUSPENDED')
    this.#cancelTimers()
    this.#held.clear()
    this.#placements.disconnected()
  }

  offersReceived(offers: readonly Offer[]): void {
    if (this.#state !== 'GATHERING_OFFERS') {
      if (this.#state === 'IDLE') this.#calls.decline(offers)
      return
    }
    const { clock, settings } = this.#options
    const useless: Offer[] = []
    for (const offer of offers) {
      this.#report.seen.offered(offer)
      const constraint = violatedConstraint(offer, settings.constraints)
      if (constraint !== undefined) this.#report.seen.violated(offer, constraint)
      const isUnavailable = isUnderMaintenance(offer, clock.now())
      if (isUnavailable) this.#report.seen.unavailable(offer)
      if (constraint !== undefined || isUnavailable) useless.push(offer)
      else this.#held.add(withoutPastMaintenance(offer, clock.now()), clock.monotonicNow())
    }
    this.#calls.decline(useless)
    this.#log.debug('Offers came', { offers: offers.length, useless: useless.length })
    this.#expiry.schedule()
    this.#matchSoon()
  }

  offerRescinded(offerId: string): void {
    const isHeld = this.#held.remove(offerId)
    const isPlaced = this.#placements.offerRescinded(offerId)
    this.#log.debug('An offer was taken back', { offerId, isHeld, isPlaced })
  }

  agentLost(agentId: string): void {
    const offers = this.#held.removeAgent(agentId)
    this.#placements.agentLost(agentId)
    this.#log.debug('The offers of an agent are gone', { agentId, offers })
  }

  request(request: PlacementRequest): void {
    if (this.#state === 'CLOSED' || !this.#waiting.add(request)) return
    if (this.#state === 'IDLE') this.#gather()
    else if (this.#state === 'GATHERING_OFFERS') {
      if (this.#calls.hasFilters) this.#calls.revive()
      this.#matchSoon()
    }
  }

  withdraw(taskId: string): void {
    this.#waiting.remove(taskId)
    this.#idleIfNothingIsWanted()
  }

  close(): void {
    if (this.#state === 'CLOSED') return
    const isConnected = this.#state !== 'SUSPENDED'
    this.#transitionTo('CLOSED')
    this.#cancelTimers()
    this.#waiting.close()
    const all = [...this.#held.clear(), ...this.#placements.offers]
    if (isConnected) this.#calls.decline(all)
  }

  #idle(): void {
    this.#transitionTo('IDLE')
    this.#cancelTimers()
    this.#calls.suppress()
    this.#calls.decline(this.#held.clear())
  }

  #idleIfNothingIsWanted(): void {
    if (this.#state === 'GATHERING_OFFERS' && this.#waiting.size === 0) this.#idle()
  }

  #gather(): void {
    this.#transitionTo('GATHERING_OFFERS')
    this.#attempted = { requests: 0, offers: 0 }
    this.#calls.revive()
    this.#report.start()
  }

  /** At once if there is a place for all, otherwise when offers had a moment to come together. */
  #matchSoon(): void {
    if (this.#held.size === 0 || this.#waiting.size === 0) return
    const { clock } = this.#options
    this.#cancelAttempt ??= clock.schedule(0, () => {
      this.#cancelAttempt = undefined
      this.#matchIfAllFit()
    })
    this.#cancelRound ??= clock.schedule(GATHER_MS, () => {
      this.#cancelRound = undefined
      this.#match()
    })
  }

  #matchIfAllFit(): void {
    const requests = this.#waiting.size
    const offers = this.#held.size
    // Not again for each of thousands of offers that come one by one.
    const { requests: before, offers: offersBefore } = this.#attempted
    if (requests === before && offers > FEW_OFFERS && offers < offersBefore * 1.25) return
    if (!fits(this.#waiting.needs, this.#held.total)) return
    this.#attempted = { requests, offers }
    const matching = matchRequests(this.#held.pools, this.#waiting.places)
    if (matching.unplaced.length === 0) this.#carryOut(matching)
  }

  #match(): void {
    const wanted = this.#waiting.places
    if (wanted.length > 0) this.#carryOut(matchRequests(this.#held.pools, wanted))
  }

  #carryOut(matching: Matching): void {
    this.#cancelRound?.()
    this.#cancelRound = undefined
    const wanted = this.#waiting.places
    this.#report.seen.matched(matching, wanted)
    this.#log.debug('Offers were matched', {
      offers: this.#held.size,
      wanted: wanted.length,
      unplaced: matching.unplaced.length,
      agents: matching.placed.size,
    })
    const prepared = [...matching.placed].map(([pool, requests]) => this.#prepare(pool, requests))
    for (const { placement, requests } of prepared) this.#place(placement, requests)
    if (this.#waiting.size === 0) this.#idleIfNothingIsWanted()
    else {
      const { split, excess } = uselessPools(this.#held.pools, this.#waiting.places)
      this.#calls.decline(this.#taken(split))
      this.#calls.declineUseless(this.#taken(excess))
    }
    this.#attempted = { requests: this.#waiting.size, offers: this.#held.size }
  }

  #prepare(pool: OfferPool, requests: readonly PlacementRequest[]) {
    this.#held.removePool(pool)
    this.#waiting.beginPlacing(requests)
    return { placement: this.#placements.begin(pool, requests), requests }
  }

  #place(placement: Placement, requests: readonly PlacementRequest[]): void {
    this.#options.place(placement).then(
      (launch) => this.#launch(placement, requests, launch),
      (error) => this.#notPlaced(placement, requests, error),
    )
  }

  #launch(
    placement: Placement,
    requests: readonly PlacementRequest[],
    launch: readonly TaskInfo[],
  ): void {
    const offers = this.#placements.end(placement)
    if (this.#state === 'CLOSED') return
    if (offers.length < placement.offers.length) this.#voided(offers, requests, launch)
    else {
      this.#waiting.placed(requests)
      if (launch.length === 0) this.#calls.decline(offers)
      else this.#calls.accept(offers, launch)
    }
  }

  /** @param offers that are left */
  #voided(
    offers: readonly Offer[],
    requests: readonly PlacementRequest[],
    launch: readonly TaskInfo[],
  ): void {
    const taskIds = launch.map(({ taskId }) => taskId)
    this.#log.info('The place of tasks is gone before they were launched', { taskIds })
    this.#calls.decline(offers)
    this.#options.onVoided(taskIds)
    const isWanted = new Set(taskIds)
    this.#waiting.placed(requests.filter(({ taskId }) => !isWanted.has(taskId)))
    if (this.#waiting.placeAgain(requests)) this.#placeAgain()
  }

  #notPlaced(placement: Placement, requests: readonly PlacementRequest[], error: unknown): void {
    this.#log.warn('Tasks could not be given their places', {
      taskIds: requests.map(({ taskId }) => taskId),
      agentId: placement.offers[0]?.agentId,
      error,
    })
    const offers = this.#placements.end(placement)
    if (this.#state === 'CLOSED') return
    this.#calls.decline(offers)
    this.#waiting.placeAgainLater(requests, RETRY_MS, () => this.#placeAgain())
  }

  #placeAgain(): void {
    if (this.#state === 'IDLE') this.#gather()
    else this.#matchSoon()
  }

  #taken(pools: readonly OfferPool[]): Offer[] {
    for (const pool of pools) this.#held.removePool(pool)
    return pools.flatMap(({ offers }) => [...offers])
  }

  #cancelTimers(): void {
    this.#cancelRound?.()
    this.#cancelAttempt?.()
    this.#cancelRound = undefined
    this.#cancelAttempt = undefined
    this.#expiry.cancel()
    this.#report.stop()
    this.#calls.stopReviving()
  }

  #transitionTo(state: CoordinatorState): void {
    const from = this.#state
    assert(COORDINATOR_TRANSITIONS[from].includes(state), `launch coordinator: ${from} -> ${state}`)
    this.#state = state
    this.#log.debug('Launch coordinator changed', {
      from,
      to: state,
      waiting: this.#waiting.size,
      offers: this.#held.size,
    })
  }
}
