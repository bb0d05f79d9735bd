import type { MesosAttribute, MesosResource } from './resources.js'

/** What an agent has to give to one role, until it is accepted, declined or taken back. */
export interface Offer {
  readonly id: string
  readonly agentId: string
  readonly hostname: string
  /** `host:port` of the agent's process, if the master tells. */
  readonly agentAddress?: string
  /** The role that the framework gets it for. */
  readonly role: string
  readonly resources: readonly MesosResource[]
  readonly attributes: readonly MesosAttribute[]
  /** From when the operator wants the machine back, in milliseconds since the epoch. */
  readonly unavailableFromMs?: number
  /** When the operator gives it back, likewise; undefined with {@link unavailableFromMs}: nobody knows. */
  readonly unavailableUntilMs?: number
}

/** The operator wants what an agent gave back. */
export interface InverseOffer {
  readonly id: string
  readonly agentId?: string
  /** In milliseconds since the epoch. */
  readonly unavailableFromMs: number
  /** Likewise; undefined: nobody knows. */
  readonly unavailableUntilMs?: number
}
