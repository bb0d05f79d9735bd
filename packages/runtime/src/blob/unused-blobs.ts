import type { CancelTimer, Clock } from '@flink-ts/core'

interface UnusedBlob {
  readonly bytes: number
  readonly untilMs: number
}

/**
 * Blobs that no job needs any more and that are kept for a while, for the next run of the same program: not longer than
 * `keepMs`, and not more than `maxBytes` of them, the oldest going first.
 */
export class UnusedBlobs {
  readonly #clock: Clock
  readonly #keepMs: number
  readonly #maxBytes: number
  readonly #onExpired: (key: string) => void
  /** In the order in which they will go. */
  readonly #blobs = new Map<string, UnusedBlob>()
  #bytes = 0
  #cancelTimer: CancelTimer | undefined

  constructor(options: {
    clock: Clock
    keepMs: number
    maxBytes: number
    /** The blob has to go. */
    onExpired: (key: string) => void
  }) {
    this.#clock = options.clock
    this.#keepMs = options.keepMs
    this.#maxBytes = options.maxBytes
    this.#onExpired = options.onExpired
  }

  add(key: string, bytes: number): void {
    this.remove(key)
    this.#blobs.set(key, { bytes, untilMs: this.#clock.monotonicNow() + this.#keepMs })
    this.#bytes += bytes
    this.#sweep()
  }

  /** It is used again, or gone. */
  remove(key: string): void {
    const blob = this.#blobs.get(key)
    if (blob === undefined) return
    this.#blobs.delete(key)
    this.#bytes -= blob.bytes
  }

  /** Forgets all of them. */
  close(): void {
    this.#cancelTimer?.()
    this.#blobs.clear()
  }

  #sweep(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const nowMs = this.#clock.monotonicNow()
    for (const [key, { untilMs }] of [...this.#blobs]) {
      if (untilMs > nowMs && this.#bytes <= this.#maxBytes) {
        this.#cancelTimer = this.#clock.schedule(untilMs - nowMs, () => this.#sweep())
        return
      }
      this.remove(key)
      this.#onExpired(key)
    }
  }
}
