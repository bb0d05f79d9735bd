import type { CancelTimer, Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'

export interface RetryPolicy {
  /** Repetitions after the first attempt. */
  readonly maxRetries: number
  readonly initialDelayMs: number
  /** The pause doubles up to this. */
  readonly maxDelayMs: number
  readonly isWorthRetrying: (error: unknown) => boolean
}

/** Repeats what fails, until it is closed: then nothing is tried again and nobody waits any more. */
export class Retries {
  readonly #schedule: MainThreadExecutor['schedule']
  readonly #log: Logger
  /** Ends the pauses. */
  readonly #pauses = new Set<() => void>()
  #closed = false

  constructor(schedule: MainThreadExecutor['schedule'], log: Logger) {
    this.#schedule = schedule
    this.#log = log
  }

  /** Rejects with the last error when it is not worth retrying, too many came, or this was closed. */
  async run<T>(what: string, policy: RetryPolicy, attempt: () => Promise<T>): Promise<T> {
    let delayMs = policy.initialDelayMs
    for (let retries = 0; ; retries++) {
      try {
        return await attempt()
      } catch (error) {
        if (this.#closed || retries >= policy.maxRetries || !policy.isWorthRetrying(error)) {
          throw error
        }
        this.#log.warn(`Could not ${what}; trying again`, { error, retryInMs: delayMs })
        await this.#pause(delayMs)
        if (this.#closed) throw error
        delayMs = Math.min(2 * delayMs, policy.maxDelayMs)
      }
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    for (const end of [...this.#pauses]) end()
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#pauses.delete(end)
        cancelTimer()
        resolve()
      }
      const cancelTimer: CancelTimer = this.#schedule(delayMs, end)
      this.#pauses.add(end)
    })
  }
}
