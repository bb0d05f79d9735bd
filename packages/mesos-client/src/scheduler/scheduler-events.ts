import type { InverseOffer, Offer } from '../records/offer.js'
import type { TaskStatus } from '../records/task-status.js'

/** What the master says to a subscribed scheduler; what begins, keeps and ends a subscription is told apart. */
export type SchedulerEvent =
  | { readonly type: 'OFFERS'; readonly offers: readonly Offer[] }
  | { readonly type: 'RESCIND'; readonly offerId: string }
  | { readonly type: 'INVERSE_OFFERS'; readonly inverseOffers: readonly InverseOffer[] }
  | { readonly type: 'RESCIND_INVERSE_OFFER'; readonly inverseOfferId: string }
  | { readonly type: 'UPDATE'; readonly status: TaskStatus }
  | {
      readonly type: 'MESSAGE'
      readonly agentId: string
      readonly executorId: string
      readonly data: Uint8Array
    }
  /** Without an executor: the agent is gone or cannot be reached. */
  | {
      readonly type: 'FAILURE'
      readonly agentId?: string
      readonly executorId?: string
      /** As of wait(2). */
      readonly status?: number
    }
