import type { Logger } from '@flink-ts/core'

/** Removes what belongs to checkpoints that are not kept; what fails is logged and left. */
export class Cleaner {
  readonly #log: Logger
  readonly #onCleaned: () => void
  readonly #running = new Set<Promise<void>>()

  constructor({ log, onCleaned }: { log: Logger; onCleaned: () => void }) {
    this.#log = log
    this.#onCleaned = onCleaned
  }

  /** Removals that are going on. */
  get size(): number {
    return this.#running.size
  }

  run(checkpointId: bigint, remove: () => Promise<unknown>): void {
    const work = remove()
      .catch((error: unknown) => {
        this.#log.warn('What belongs to a checkpoint that is not kept could not be removed', {
          checkpointId: `${checkpointId}`,
          error,
        })
      })
      .then(() => {
        this.#running.delete(work)
        this.#onCleaned()
      })
    this.#running.add(work)
  }

  /** Resolves when nothing is left to do. */
  async whenIdle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
