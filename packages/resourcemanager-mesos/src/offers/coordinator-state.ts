/**
 * What the launch coordinator does: SUSPENDED without a subscription; IDLE while no task wants a place, offers being suppressed;
 * GATHERING_OFFERS while some do.
 */
export type CoordinatorState = 'SUSPENDED' | 'IDLE' | 'GATHERING_OFFERS' | 'CLOSED'

/** Which state may follow which. SUSPENDED and GATHERING_OFFERS again: there is another subscription. */
export const COORDINATOR_TRANSITIONS: Readonly<
  Record<CoordinatorState, readonly CoordinatorState[]>
> = {
  SUSPENDED: ['IDLE', 'GATHERING_OFFERS', 'CLOSED'],
  IDLE: ['GATHERING_OFFERS', 'SUSPENDED', 'CLOSED'],
  GATHERING_OFFERS: ['IDLE', 'SUSPENDED', 'CLOSED'],
  CLOSED: [],
}
