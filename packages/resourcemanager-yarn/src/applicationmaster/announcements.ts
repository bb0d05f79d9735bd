import type { Logger } from '@flink-ts/core'
import type { ContainerId, NodeReport, PreemptionMessage } from '@flink-ts/hadoop-rpc'

/** What YARN says of nodes and containers before anything has happened to them: it is logged, and remembered for their ends. */
export class Announcements {
  readonly #log: Logger
  readonly #preempted = new Set<ContainerId>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param isOurs whether the container is one that runs here */
  preemption(message: PreemptionMessage | undefined, isOurs: (id: ContainerId) => boolean): void {
    const { strict = [], negotiable = [] } = message ?? {}
    const note = (how: string) => (id: ContainerId) => {
      if (!isOurs(id) || this.#preempted.has(id)) return
      this.#preempted.add(id)
      this.#log.warn('YARN will take a container for another application', { containerId: id, how })
    }
    strict.forEach(note('for certain'))
    negotiable.forEach(note('unless others are given back'))
  }

  /** What was announced of a container that has ended, as the end of its diagnostics; forgets it. */
  ofEnded(id: ContainerId): string {
    return this.#preempted.delete(id) ? ' (YARN had said that it would take it)' : ''
  }

  /** @param containers how many of ours are there */
  node({ nodeId, state, healthReport }: NodeReport, containers: number): void {
    const fields = { node: `${nodeId.host}:${nodeId.port}`, state, containers, healthReport }
    if (state === 'RUNNING' || state === 'NEW') this.#log.debug('A node is usable', fields)
    else if (containers > 0) this.#log.warn('A node with containers of ours changed', fields)
    else this.#log.info('A node changed', fields)
  }
}
