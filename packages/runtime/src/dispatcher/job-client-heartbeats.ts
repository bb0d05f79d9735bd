import type { CancelTimer, Clock } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'

/** Watches the clients of attached jobs: a job whose client has gone is to be cancelled. */
export class JobClientHeartbeats {
  readonly #clock: Clock
  readonly #schedule: MainThreadExecutor['schedule']
  readonly #onExpired: (jobId: string) => void
  readonly #timers = new Map<string, { expiresAtMs: number; cancelTimer: CancelTimer }>()

  constructor(
    clock: Clock,
    schedule: MainThreadExecutor['schedule'],
    onExpired: (jobId: string) => void,
  ) {
    this.#clock = clock
    this.#schedule = schedule
    this.#onExpired = onExpired
  }

  /** The client is there until `expiresAtMs` (since the epoch); an older message changes nothing. */
  report(jobId: string, expiresAtMs: number): void {
    const known = this.#timers.get(jobId)
    if (known !== undefined && known.expiresAtMs >= expiresAtMs) return
    known?.cancelTimer()
    const cancelTimer = this.#schedule(Math.max(0, expiresAtMs - this.#clock.now()), () => {
      this.#timers.delete(jobId)
      this.#onExpired(jobId)
    })
    this.#timers.set(jobId, { expiresAtMs, cancelTimer })
  }

  /** The job has ended. */
  remove(jobId: string): void {
    this.#timers.get(jobId)?.cancelTimer()
    this.#timers.delete(jobId)
  }

  close(): void {
    for (const jobId of [...this.#timers.keys()]) this.remove(jobId)
  }
}
