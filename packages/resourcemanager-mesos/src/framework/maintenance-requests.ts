import type { Logger } from '@flink-ts/core'
import type { InverseOffer, SchedulerCall } from '@flink-ts/mesos-client'

/** Until the master asks again. */
const REFUSE_SECONDS = 3_600

export interface MaintenanceRequestsOptions {
  readonly log: Logger
  readonly call: (call: SchedulerCall) => Promise<void>
}

/** The wishes of the operator to have machines back: TaskManagers stay there until they are ended. */
export class MaintenanceRequests {
  readonly #options: MaintenanceRequestsOptions
  /** Of each agent, the last window that people were told of. */
  readonly #told = new Map<string, string>()

  constructor(options: MaintenanceRequestsOptions) {
    this.#options = options
  }

  /** Each agent and window is said once. */
  asked(inverseOffers: readonly InverseOffer[]): void {
    const { log, call } = this.#options
    for (const { agentId = 'any', unavailableFromMs, unavailableUntilMs } of inverseOffers) {
      const window = `${unavailableFromMs} ${unavailableUntilMs}`
      if (this.#told.get(agentId) === window) continue
      this.#told.set(agentId, window)
      log.info('The operator wants a machine back: TaskManagers stay until they are ended', {
        agentId,
        unavailableFromMs,
        unavailableUntilMs,
      })
    }
    call({
      type: 'DECLINE_INVERSE_OFFERS',
      inverseOfferIds: inverseOffers.map(({ id }) => id),
      refuseSeconds: REFUSE_SECONDS,
    }).catch((error) => log.debug('The operator was not answered', { error }))
  }
}
