import type { Logger } from '@flink-ts/core'
import { type FencingToken, sameFencingToken } from '@flink-ts/rpc'
import type {
  HighAvailabilityServices,
  LeaderAddress,
  LeaderComponent,
  LeaderElection,
  LeaderRetriever,
  LeaderStores,
} from '../high-availability-services.js'
import { LeaderElectionService } from '../leader-election-service.js'
import { LeaderRegistry, leaderComponentName } from '../leader-registry.js'
import { EntriesLeaderStores } from '../store/entries-leader-stores.js'
import type { CoordinationListener, CoordinationSession } from './coordination-session.js'
import type { InMemoryCoordination } from './in-memory-coordination.js'

export interface InMemoryHighAvailabilityOptions {
  /** Name of the process. */
  readonly client: string
  readonly log: Logger
  readonly coordination: InMemoryCoordination
}

/**
 * High availability of one process by an {@link InMemoryCoordination} that several share. When its
 * connection is cut it gives up its leadership; when its session has expired it opens another one and
 * takes part in the election again.
 */
export class InMemoryHighAvailability implements HighAvailabilityServices {
  readonly #options: InMemoryHighAvailabilityOptions
  readonly #election: LeaderElectionService
  readonly #leaders = new LeaderRegistry()
  readonly #subscribed = new Set<string>()
  /** Addresses of components of the present term. */
  readonly #published = new Map<string, LeaderAddress>()
  #session: CoordinationSession
  #joined = false
  #closed: Promise<void> | undefined

  constructor(options: InMemoryHighAvailabilityOptions) {
    this.#options = options
    this.#election = new LeaderElectionService({
      log: options.log,
      driver: {
        join: () => {
          this.#joined = true
          this.#send((session) => options.coordination.join(session))
        },
        publish: (component, leader) => this.#publish(component, leader),
        withdraw: (component, { token }) => {
          const name = leaderComponentName(component)
          this.#published.delete(name)
          this.#send(() => options.coordination.withdraw(name, token))
        },
      },
    })
    this.#session = this.#openSession()
  }

  /** Of the term that this process believes to lead. */
  get token(): FencingToken | undefined {
    return this.#election.token
  }

  leaderElection(component: LeaderComponent): LeaderElection {
    return this.#election.election(component)
  }

  leaderRetriever(component: LeaderComponent): LeaderRetriever {
    const retriever = this.#leaders.retriever(component)
    const name = leaderComponentName(component)
    return {
      start: (listener) => {
        retriever.start(listener)
        if (this.#subscribed.has(name)) return
        this.#subscribed.add(name)
        this.#send((session) => this.#options.coordination.subscribe(session, name))
      },
      close: () => retriever.close(),
    }
  }

  stores(token: FencingToken): LeaderStores {
    const { coordination } = this.#options
    return new EntriesLeaderStores({
      read: (operation, run) => this.#session.link.call(operation, () => coordination.read(run)),
      write: (operation, run) =>
        this.#session.link.call(operation, () => coordination.write(operation, token, run)),
    })
  }

  close({ cleanUp = false }: { readonly cleanUp?: boolean } = {}): Promise<void> {
    this.#closed ??= this.#doClose(cleanUp)
    return this.#closed
  }

  async #doClose(cleanUp: boolean): Promise<void> {
    const { token } = this
    try {
      if (cleanUp && token !== undefined) {
        const operation = 'remove everything'
        const { coordination } = this.#options
        await this.#session.link.call(operation, () =>
          coordination.write(operation, token, (entries) => entries.clear()),
        )
      }
    } finally {
      this.#election.revoked()
      this.#options.coordination.closeSession(this.#session)
    }
  }

  #openSession(): CoordinationSession {
    const listener: CoordinationListener = {
      onLeadership: (token) => {
        if (token === undefined) this.#election.revoked()
        else this.#election.granted(token)
      },
      onLeader: (component, leader) => this.#onLeader(component, leader),
      onSuspended: () => this.#election.revoked(),
      onReconnected: () => this.#resume(),
      onExpired: () => this.#onExpired(session),
    }
    const session = this.#options.coordination.openSession(this.#options.client, listener)
    return session
  }

  #onExpired(session: CoordinationSession): void {
    if (this.#session !== session || this.#closed !== undefined) return
    this.#options.log.warn('The session at the coordination service has expired', {
      client: this.#options.client,
    })
    this.#election.revoked()
    this.#session = this.#openSession()
    this.#resume()
  }

  /** Says again what may have been lost with the connection or the session. */
  #resume(): void {
    const { coordination } = this.#options
    for (const name of this.#subscribed) {
      this.#send((session) => coordination.subscribe(session, name))
    }
    if (this.#joined) this.#send((session) => coordination.join(session))
    const { token } = this
    if (token === undefined) return
    const published = new Map(
      [...this.#published].filter(([, leader]) => sameFencingToken(leader.token, token)),
    )
    this.#call('publish addresses', () => coordination.publishAll(token, published))
  }

  #onLeader(component: string, leader: LeaderAddress | undefined): void {
    this.#leaders.set(component, leader)
  }

  #publish(component: LeaderComponent, leader: LeaderAddress): void {
    const name = leaderComponentName(component)
    const [known] = this.#published.values()
    if (!sameFencingToken(known?.token, leader.token)) this.#published.clear()
    this.#published.set(name, leader)
    this.#call(`publish the address of ${name}`, () =>
      this.#options.coordination.publish(name, leader),
    )
  }

  #call(operation: string, run: () => void): void {
    this.#session.link.call(operation, run).catch((error) => {
      // The term is over, or the connection is cut: then it is said again when it is back.
      this.#options.log.info(`Could not ${operation}`, { error })
    })
  }

  #send(action: (session: CoordinationSession) => void): void {
    const session = this.#session
    session.link.send('toService', () => action(session))
  }
}
