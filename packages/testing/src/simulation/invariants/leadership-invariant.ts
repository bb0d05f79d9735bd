import type { ZooKeeperOperation } from '@flink-ts/zookeeper-client'
import type { SimulatedZooKeeper } from '../zookeeper/simulated-zookeeper.js'

export interface LeadershipInvariantOptions {
  readonly zooKeeper: SimulatedZooKeeper
  /** The cluster's node. */
  readonly root: string
  readonly violated: (what: string) => void
}

/**
 * Whoever changes what is kept for later leaders says as which leader, and is the leader at this very moment; each
 * leader that is announced has a higher epoch than those before. Read from accepted transactions alone.
 */
export class LeadershipInvariant {
  readonly #options: LeadershipInvariantOptions
  /** The highest that was announced. */
  #epoch = 0

  constructor(options: LeadershipInvariantOptions) {
    this.#options = options
  }

  observe(client: string, operations: readonly ZooKeeperOperation[]): void {
    const { root, violated } = this.#options
    const [first] = operations
    const latch = `${root}/leader/latch/`
    const term = first?.type === 'check' && first.path.startsWith(latch) ? first.path : undefined
    if (term !== undefined) this.#checkFirst(client, term)
    for (const step of operations) {
      const isEntry = step.path.startsWith(`${root}/entries/`)
      if (isEntry && term === undefined) violated(`${client} wrote ${step.path} as nobody`)
      const isAddress = step.path.endsWith('/connection_info') && 'data' in step
      if (isAddress) this.#checkAddress(client, term, step.path, step.data)
    }
  }

  #checkFirst(client: string, term: string): void {
    const { zooKeeper, root, violated } = this.#options
    const number = (name: string) => name.slice(-10)
    const sequence = number(term)
    const before = zooKeeper
      .children(`${root}/leader/latch`)
      .filter((name) => number(name) < sequence)
    if (before.length > 0)
      violated(`${client} wrote as leader by ${term}, which is behind ${before}`)
  }

  #checkAddress(client: string, term: string | undefined, path: string, data: Uint8Array): void {
    const { zooKeeper, violated } = this.#options
    if (term === undefined) {
      violated(`${client} announced itself as nobody: ${path}`)
      return
    }
    const { epoch } = JSON.parse(Buffer.from(data).toString()) as { epoch: number }
    if (epoch < this.#epoch) violated(`${client} leads with epoch ${epoch} after ${this.#epoch}`)
    const czxid = zooKeeper.czxid(term)
    if (czxid !== undefined && epoch !== czxid) {
      violated(`${client} leads by ${term} of transaction ${czxid} with epoch ${epoch}`)
    }
    this.#epoch = Math.max(this.#epoch, epoch)
  }
}
