import type { Logger, Random } from '@flink-ts/core'
import { noopLogger } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type {
  HighAvailabilityServices,
  LeaderComponent,
  LeaderElection,
  LeaderRetriever,
  LeaderStores,
} from './high-availability-services.js'
import { LeaderElectionService } from './leader-election-service.js'
import { LeaderRegistry } from './leader-registry.js'
import { EntriesLeaderStores } from './store/entries-leader-stores.js'
import { VersionedEntries } from './store/versioned-entries.js'

export interface StandaloneHaServicesOptions {
  /**
   * When this process started, in milliseconds since the epoch. Its token begins here, so that that of
   * a later JobManager process is higher.
   */
  readonly processStartMs: number
  readonly random: Random
  /** Default: nothing is logged. */
  readonly log?: Logger
}

/**
 * No high availability: the one JobManager process leads everything, at once and as long as it lives,
 * and forgets everything with its end. Other processes ask its {@link LeaderService}.
 */
export class StandaloneHaServices implements HighAvailabilityServices {
  /** What {@link LeaderService} answers from. */
  readonly leaders = new LeaderRegistry()
  readonly #election: LeaderElectionService
  readonly #stores: LeaderStores

  constructor(options: StandaloneHaServicesOptions) {
    const entries = new VersionedEntries()
    this.#stores = new EntriesLeaderStores({
      read: async (_operation, run) => run(entries),
      write: async (_operation, run) => run(entries),
    })
    const { random, processStartMs } = options
    this.#election = new LeaderElectionService({
      log: options.log ?? noopLogger,
      driver: {
        join: () =>
          this.#election.granted({ epoch: Math.floor(processStartMs), uuid: random.uuid() }),
        publish: (component, leader) => this.leaders.publish(component, leader),
        withdraw: (component, leader) => this.leaders.withdraw(component, leader),
      },
    })
  }

  leaderElection(component: LeaderComponent): LeaderElection {
    return this.#election.election(component)
  }

  leaderRetriever(component: LeaderComponent): LeaderRetriever {
    return this.leaders.retriever(component)
  }

  /** Of whichever term: there is only one. */
  stores(_token: FencingToken): LeaderStores {
    return this.#stores
  }

  async close(): Promise<void> {}
}
