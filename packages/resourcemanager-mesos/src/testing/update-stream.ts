import type { CancelTimer, Clock } from '@flink-ts/core'
import type { TaskStatus } from '@flink-ts/mesos-client'

const FIRST_RETRY_MS = 10_000
const LONGEST_RETRY_MS = 600_000

/** The updates of one task: in order, one at a time, each until it is acknowledged. */
export class UpdateStream {
  readonly #clock: Clock
  readonly #send: (status: TaskStatus) => void
  readonly #pending: TaskStatus[] = []
  #cancel: CancelTimer = () => {}
  #retryMs = FIRST_RETRY_MS
  #isPaused = false

  constructor(clock: Clock, send: (status: TaskStatus) => void) {
    this.#clock = clock
    this.#send = send
  }

  /** What was not acknowledged yet. */
  get pending(): readonly TaskStatus[] {
    return this.#pending
  }

  add(status: TaskStatus): void {
    this.#pending.push(status)
    if (this.#pending.length === 1) this.resend()
  }

  /** @returns whether it was for the one that is being sent */
  acknowledge(uuid: string): boolean {
    if (this.#pending[0]?.uuid !== uuid) return false
    this.#pending.shift()
    this.resend()
    return true
  }

  /** Sends the first one again at once, as if for the first time. */
  resend(): void {
    this.#retryMs = FIRST_RETRY_MS
    this.#sendFirst()
  }

  /** Its agent's process is not there. */
  pause(): void {
    this.#isPaused = true
    this.#cancel()
  }

  resume(): void {
    this.#isPaused = false
    this.resend()
  }

  close(): void {
    this.pause()
    this.#pending.length = 0
  }

  #sendFirst(): void {
    this.#cancel()
    const [first] = this.#pending
    if (first === undefined || this.#isPaused) return
    this.#send(first)
    this.#cancel = this.#clock.schedule(this.#retryMs, () => {
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
      this.#sendFirst()
    })
  }
}
