import type { ContainerId } from '@flink-ts/hadoop-rpc'

/** YARN says so of containers whose nodes it did not hear: given back, or of a lost node. */
const ABORTED = -100
const MAX_REMEMBERED = 1_000

/**
 * Containers that have ended for YARN though their processes may go on: those of a node that was silent. A ResourceManager that is
 * started again finds them with their node and takes them for ours, so that they are given back once more. The last 1000.
 */
export class PresumedEnded {
  readonly #ids = new Set<ContainerId>()

  add(id: ContainerId, exitCode: number): void {
    if (exitCode !== ABORTED) return
    this.#ids.add(id)
    const [oldest] = this.#ids
    if (this.#ids.size > MAX_REMEMBERED && oldest !== undefined) this.#ids.delete(oldest)
  }

  has(id: ContainerId): boolean {
    return this.#ids.has(id)
  }

  get ids(): Iterable<ContainerId> {
    return this.#ids
  }
}
