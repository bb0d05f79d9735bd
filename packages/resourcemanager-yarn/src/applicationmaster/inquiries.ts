import type { CancelTimer, Clock } from '@flink-ts/core'
import type { ContainerId, ContainerStatus } from '@flink-ts/hadoop-rpc'

/** What YARN gives as the exit code of a container of which it does not know one yet. */
const UNKNOWN_EXIT_CODE = -1_000
const INTERVAL_MS = 500
/** Whoever waits for a reason waits about so long; YARN itself tells it later in any case. */
const MAX_TIMES = 10

export interface InquiriesOptions {
  readonly clock: Clock
  readonly onEnded: (status: ContainerStatus) => void
}

interface Inquiry {
  readonly ask: () => void
  times: number
  cancelTimer: CancelTimer
}

/**
 * Why containers end whose TaskManagers are gone. Their node knows it from the moment at which it kills one; by way of the
 * ResourceManager it takes seconds, while people are shown a failure without its cause.
 */
export class Inquiries {
  readonly #options: InquiriesOptions
  readonly #open = new Map<ContainerId, Inquiry>()

  constructor(options: InquiriesOptions) {
    this.#options = options
  }

  /**
   * One that is under way goes on.
   *
   * @param ask has its node asked; {@link Inquiries.answered} follows if it says anything
   */
  begin(id: ContainerId, ask: () => void): void {
    if (this.#open.has(id)) return
    this.#open.set(id, { ask, times: 0, cancelTimer: () => {} })
    this.#ask(id)
  }

  /** Its node says how it is. */
  answered(status: ContainerStatus): void {
    if (!this.#open.has(status.id)) return
    const isKilled = status.exitCode !== UNKNOWN_EXIT_CODE
    if (status.state !== 'COMPLETE' && !isKilled) return
    this.end(status.id)
    this.#options.onEnded(status)
  }

  /** Nothing happens if there is none. */
  end(id: ContainerId): void {
    this.#open.get(id)?.cancelTimer()
    this.#open.delete(id)
  }

  close(): void {
    for (const id of [...this.#open.keys()]) this.end(id)
  }

  #ask(id: ContainerId): void {
    const inquiry = this.#open.get(id)
    if (inquiry === undefined) return
    if (inquiry.times++ >= MAX_TIMES) {
      this.end(id)
      return
    }
    // A process may take its time to end after its TaskManager has said goodbye.
    inquiry.cancelTimer = this.#options.clock.schedule(INTERVAL_MS, () => this.#ask(id))
    inquiry.ask()
  }
}
