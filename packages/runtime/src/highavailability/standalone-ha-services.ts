import assert from 'node:assert/strict'
import type { Random } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type {
  HighAvailabilityServices,
  LeaderAddress,
  LeaderComponent,
  LeaderContender,
  LeaderElection,
  LeaderRetriever,
} from './high-availability-services.js'
import { InMemoryJobGraphStore } from './in-memory-job-graph-store.js'
import { LeaderRegistry, leaderComponentName } from './leader-registry.js'

export interface StandaloneHaServicesOptions {
  /**
   * When this process started, in milliseconds since the epoch. Tokens begin here, so that those of a
   * later JobManager process are higher.
   */
  readonly processStartMs: number
  readonly random: Random
}

/**
 * No high availability: the one JobManager process leads everything, at once and as long as it lives.
 * Other processes ask its {@link LeaderService}.
 */
export class StandaloneHaServices implements HighAvailabilityServices {
  readonly jobGraphStore = new InMemoryJobGraphStore()
  /** What {@link LeaderService} answers from. */
  readonly leaders = new LeaderRegistry()
  readonly #options: StandaloneHaServicesOptions
  readonly #lastEpochs = new Map<string, number>()

  constructor(options: StandaloneHaServicesOptions) {
    this.#options = options
  }

  leaderElection(component: LeaderComponent): LeaderElection {
    return new StandaloneLeaderElection(component, this.leaders, () => this.#newToken(component))
  }

  leaderRetriever(component: LeaderComponent): LeaderRetriever {
    return new LocalLeaderRetriever(component, this.leaders)
  }

  async close(): Promise<void> {}

  #newToken(component: LeaderComponent): FencingToken {
    const name = leaderComponentName(component)
    const last = this.#lastEpochs.get(name)
    const epoch = last === undefined ? Math.floor(this.#options.processStartMs) : last + 1
    this.#lastEpochs.set(name, epoch)
    return { epoch, uuid: this.#options.random.uuid() }
  }
}

class StandaloneLeaderElection implements LeaderElection {
  readonly #component: LeaderComponent
  readonly #leaders: LeaderRegistry
  readonly #newToken: () => FencingToken
  #contender: LeaderContender | undefined
  #confirmed: LeaderAddress | undefined

  constructor(component: LeaderComponent, leaders: LeaderRegistry, newToken: () => FencingToken) {
    this.#component = component
    this.#leaders = leaders
    this.#newToken = newToken
  }

  start(contender: LeaderContender): void {
    assert(this.#contender === undefined, 'an election is started once')
    this.#contender = contender
    contender.grantLeadership(this.#newToken())
  }

  confirmLeadership(leader: LeaderAddress): void {
    assert(this.#contender !== undefined, 'only a started election can be won')
    this.#confirmed = leader
    this.#leaders.publish(this.#component, leader)
  }

  async close(): Promise<void> {
    if (this.#confirmed !== undefined) this.#leaders.withdraw(this.#component, this.#confirmed)
    this.#confirmed = undefined
  }
}

class LocalLeaderRetriever implements LeaderRetriever {
  readonly #component: LeaderComponent
  readonly #leaders: LeaderRegistry
  #unsubscribe: (() => void) | undefined

  constructor(component: LeaderComponent, leaders: LeaderRegistry) {
    this.#component = component
    this.#leaders = leaders
  }

  start(listener: (leader: LeaderAddress | undefined) => void): void {
    assert(this.#unsubscribe === undefined, 'a retriever is started once')
    this.#unsubscribe = this.#leaders.subscribe(this.#component, listener)
    const leader = this.#leaders.leaderOf(this.#component)
    if (leader !== undefined) listener(leader)
  }

  async close(): Promise<void> {
    this.#unsubscribe?.()
  }
}
