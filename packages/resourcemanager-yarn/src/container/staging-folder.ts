import { type Clock, type FileSystems, type Logger, userMessage } from '@flink-ts/core'

/** A start has better things to do, and nobody ends it so soon. */
const PREPARE_AFTER_MS = 5_000

/** The folder with what was deployed for an application. */
export class StagingFolder {
  readonly #url: string
  readonly #fileSystems: FileSystems

  constructor(options: { readonly url: string; readonly fileSystems: FileSystems }) {
    this.#url = options.url
    this.#fileSystems = options.fileSystems
  }

  /** Loads after a while what `remove` needs: there may be no time for it in the end. */
  prepareLater(clock: Clock): void {
    clock.schedule(PREPARE_AFTER_MS, () => {
      // Whatever is wrong now is told when it matters.
      void this.#fileSystems
        .forPath(this.#url)
        .exists(this.#url)
        .catch(() => {})
    })
  }

  /** Idempotent; what cannot be removed is told, and left to the next deployment. */
  async remove(log: Logger): Promise<void> {
    const folder = this.#url
    try {
      const removed = await this.#fileSystems.forPath(folder).delete(folder, { recursive: true })
      if (removed) log.info('Removed the files of the application', { folder })
    } catch (error) {
      log.warn(`Could not remove the files of the application: ${userMessage(error)}`, { folder })
    }
  }
}
