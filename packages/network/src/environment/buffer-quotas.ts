import { InsufficientNetworkBuffersError } from '../errors/network-errors.js'
import type { DoorbellBoard } from '../wakeup/doorbell-board.js'

/** The share of the network memory that one partition or gate may use. */
export interface BufferQuota {
  /** Int32: the present size in segments. */
  readonly control: SharedArrayBuffer
  release(): void
}

interface Entry {
  readonly min: number
  readonly max: number
  readonly size: Int32Array
  readonly bell: number
}

/**
 * Divides the pool: everyone has its minimum for sure, what is left is shared in proportion to what
 * each could still use, anew whenever somebody comes or goes. A quota that shrinks takes nothing
 * away; its owner requests nothing more until it is below.
 */
export class BufferQuotas {
  readonly #total: number
  readonly #doorbells: DoorbellBoard
  readonly #entries = new Set<Entry>()
  #reserved = 0

  constructor(totalSegments: number, doorbells: DoorbellBoard) {
    this.#total = totalSegments
    this.#doorbells = doorbells
  }

  /** @throws InsufficientNetworkBuffersError when `min` cannot be guaranteed */
  reserve(options: { owner: string; min: number; max: number; bell: number }): BufferQuota {
    const { owner, min, max, bell } = options
    const available = this.#total - this.#reserved
    if (min > available) {
      throw new InsufficientNetworkBuffersError({
        owner,
        required: min,
        available,
        total: this.#total,
      })
    }
    const control = new SharedArrayBuffer(4)
    const entry = { min, max, size: new Int32Array(control), bell }
    this.#entries.add(entry)
    this.#reserved += min
    this.#redistribute()
    return {
      control,
      release: () => {
        if (!this.#entries.delete(entry)) return
        this.#reserved -= min
        this.#redistribute()
      },
    }
  }

  #redistribute(): void {
    const excess = this.#total - this.#reserved
    let wanted = 0
    for (const { min, max } of this.#entries) wanted += max - min
    const share = wanted === 0 ? 0 : Math.min(1, excess / wanted)
    for (const { min, max, size, bell } of this.#entries) {
      const next = min + Math.floor((max - min) * share)
      const before = Atomics.exchange(size, 0, next)
      if (next > before) this.#doorbells.ring(bell)
    }
  }
}
