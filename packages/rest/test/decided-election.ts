import type { RestServerOptions } from '@flink-ts/rest'
import type { LeaderAddress, LeaderContender } from '@flink-ts/runtime'

type HighAvailability = NonNullable<RestServerOptions['highAvailability']>

/** An election that a test decides. */
export class DecidedElection {
  readonly #contenders: LeaderContender[] = []
  readonly #listeners = new Set<(leader: LeaderAddress | undefined) => void>()
  #epoch = 0
  #leader: LeaderAddress | undefined

  /** What one process has of it. */
  services(): HighAvailability {
    return {
      leaderElection: () => ({
        start: (contender) => void this.#contenders.push(contender),
        confirmLeadership: (leader) => this.publish(leader),
        close: async () => {},
      }),
      leaderRetriever: () => {
        let own: ((leader: LeaderAddress | undefined) => void) | undefined
        return {
          start: (listener) => {
            own = listener
            this.#listeners.add(listener)
            listener(this.#leader)
          },
          close: async () => {
            if (own) this.#listeners.delete(own)
          },
        }
      },
    }
  }

  /** Contenders in the order in which they started. */
  grant(index: number): void {
    this.#contenders[index]!.grantLeadership({ epoch: ++this.#epoch, uuid: 'u' })
  }

  revoke(index: number): void {
    this.#contenders[index]!.revokeLeadership()
  }

  /** What all are told, whether or not it is so. */
  publish(leader: LeaderAddress | undefined): void {
    this.#leader = leader
    for (const listener of this.#listeners) listener(leader)
  }

  publishUrl(url: string): void {
    this.publish({ address: url, endpointId: 'rest', token: { epoch: ++this.#epoch, uuid: 'x' } })
  }
}
