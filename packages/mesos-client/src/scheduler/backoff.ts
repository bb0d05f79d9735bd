import type { Random } from '@flink-ts/core'

export interface BackoffOptions {
  readonly initialMs: number
  readonly maxMs: number
  readonly random: Random
}

/** Pauses that double, each somewhere between its half and itself; the first one is short, for nothing has failed twice yet. */
export class Backoff {
  readonly #options: BackoffOptions
  #failures = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** In milliseconds. */
  next(): number {
    const { initialMs, maxMs, random } = this.#options
    const failures = this.#failures++
    if (failures === 0) return Math.round(initialMs * random.next())
    const upToMs = Math.min(maxMs, initialMs * 2 ** (failures - 1))
    return Math.round(upToMs * (0.5 + 0.5 * random.next()))
  }

  reset(): void {
    this.#failures = 0
  }
}
