import type { ZooKeeperClient } from '@flink-ts/zookeeper-client'
import { hasReason } from '../coordination-reads.js'

/** Ephemeral nodes that terms of this process have written, which go with their session, or when a term ends before it. */
export class Leftovers {
  readonly #zooKeeper: ZooKeeperClient
  /** Session by path. */
  readonly #written = new Map<string, string>()

  constructor(zooKeeper: ZooKeeperClient) {
    this.#zooKeeper = zooKeeper
  }

  add(path: string, sessionId: string): void {
    this.#written.set(path, sessionId)
  }

  /** The node of that session is gone. */
  forget(path: string, sessionId: string): void {
    if (this.#written.get(path) === sessionId) this.#written.delete(path)
  }

  /** Removes those of the present session; what others have written at their places stays. */
  async remove(): Promise<void> {
    const { sessionId } = this.#zooKeeper
    await Promise.all(
      [...this.#written].map(async ([path, session]) => {
        if (session === sessionId) await this.#removeOwn(path, session)
        this.#written.delete(path)
      }),
    )
  }

  async #removeOwn(path: string, sessionId: string): Promise<void> {
    const stat = await this.#zooKeeper.exists(path)
    if (stat?.ephemeralOwner !== sessionId) return
    try {
      await this.#zooKeeper.remove(path, stat.version)
    } catch (error) {
      if (!hasReason(error, 'no-node', 'bad-version')) throw error
    }
  }
}
