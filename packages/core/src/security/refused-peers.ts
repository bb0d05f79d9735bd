import type { LogFields, Logger } from '../logging/logger.js'

const MAX_REMEMBERED = 1000

/** Tells of each peer that is refused once, however often it comes back. */
export class RefusedPeers {
  readonly #log: Logger
  readonly #known = new Set<string>()
  #isFull = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** @param key who was refused and why: the same is logged once. */
  refused(key: string, message: string, fields: LogFields): void {
    if (this.#known.has(key)) return
    if (this.#known.size === MAX_REMEMBERED) {
      if (!this.#isFull) {
        this.#log.warn('Too many different peers are refused to log more of them', {
          peers: MAX_REMEMBERED,
        })
      }
      this.#isFull = true
      return
    }
    this.#known.add(key)
    this.#log.warn(message, fields)
  }

  /** The peer is accepted now: should it be refused again, that is news. */
  accepted(keyPrefix: string): void {
    for (const key of this.#known) {
      if (key.startsWith(keyPrefix)) this.#known.delete(key)
    }
  }
}
