import type { Offer, TakenResource, TaskInfo } from '@flink-ts/mesos-client'
import type { WorkerNeeds } from '../launch/worker-launcher.js'

/** A task that wants a place. */
export interface PlacementRequest {
  readonly taskId: string
  readonly needs: WorkerNeeds
  /** Machines (host names) that it must not be put on. */
  readonly blockedHosts: ReadonlySet<string>
}

/** Where a task goes. */
export interface PlacedTask {
  readonly taskId: string
  /** What it takes of the offers. */
  readonly resources: readonly TakenResource[]
  readonly ports: Readonly<Record<string, number>>
}

/** What is launched by one ACCEPT: tasks on one agent, with resources of one role. */
export interface Placement {
  /** The first of them stands for all: they are of one agent and one role. */
  readonly offers: readonly Offer[]
  readonly tasks: readonly PlacedTask[]
}

/**
 * Carries a placement out: persists where the tasks go, and says what they are. Tasks that it leaves out are not wanted any more; what
 * they would have taken goes back. When it rejects, nothing is launched, the offers go back and the tasks want a place again.
 */
export type PlacementHandler = (placement: Placement) => Promise<readonly TaskInfo[]>

/** The place of tasks was gone before they were launched: they want another one, and will be placed again. */
export type VoidedListener = (taskIds: readonly string[]) => void

/** Why requests wait, for people: which resource is short, and the best offer's figures. */
export type UnsatisfiedListener = (taskIds: readonly string[], explanation: string) => void

/** What hinders requests that wait, for people; undefined: nothing any more. Told soon, and again when it is something else. */
export type HindranceListener = (why: string | undefined) => void

/** What the driver says to the launch coordinator (ADR 27, `offers`). */
export interface OfferTaker {
  /** Offers of an earlier subscription are forgotten. */
  connected(): void
  disconnected(): void
  offersReceived(offers: readonly Offer[]): void
  offerRescinded(offerId: string): void
  /** The agent is gone: so are its offers. */
  agentLost(agentId: string): void
  /** Wants a place for it until it is placed or withdrawn. */
  request(request: PlacementRequest): void
  /** Idempotent; too late when the task was placed. */
  withdraw(taskId: string): void
  /** Gives back all that is held, and stops. */
  close(): void
}
