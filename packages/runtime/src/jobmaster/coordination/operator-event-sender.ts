import type { CancelTimer } from '@flink-ts/core'
import { RecipientUnreachableError, RpcTimeoutError } from '@flink-ts/rpc'
import type { ScheduleAction } from '../slotpool/slot-pool.js'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5000

export interface OperatorEventSenderOptions {
  /** One attempt to deliver. */
  readonly send: (sequence: number, payload: Uint8Array) => Promise<unknown>
  /** The other side refused an event for good. */
  readonly onFailed: (error: unknown) => void
  readonly schedule: ScheduleAction
  readonly execute: (action: () => void) => void
}

/**
 * Delivers events of one operator to one attempt of one subtask, in order and each once: numbered,
 * one call at a time, repeated under the same number while its outcome is unknown.
 */
export class OperatorEventSender {
  readonly #options: OperatorEventSenderOptions
  readonly #queue: Uint8Array[] = []
  #sequence = 0
  #sending = false
  #closed = false
  #cancelTimer: CancelTimer | undefined

  constructor(options: OperatorEventSenderOptions) {
    this.#options = options
  }

  enqueue(payload: Uint8Array): void {
    if (this.#closed) return
    this.#queue.push(payload)
    if (!this.#sending) this.#sendNext(FIRST_RETRY_MS)
  }

  /** The attempt has ended: nothing is sent any more. Idempotent. */
  close(): void {
    this.#closed = true
    this.#queue.length = 0
    this.#cancelTimer?.()
  }

  #sendNext(retryMs: number): void {
    const payload = this.#queue[0]
    this.#sending = payload !== undefined && !this.#closed
    if (payload === undefined || this.#closed) return
    const { send, execute } = this.#options
    send(this.#sequence, payload).then(
      () => execute(() => this.#onSent()),
      (error) => execute(() => this.#onError(error, retryMs)),
    )
  }

  #onSent(): void {
    if (this.#closed) return
    this.#queue.shift()
    this.#sequence++
    this.#sendNext(FIRST_RETRY_MS)
  }

  #onError(error: unknown, retryMs: number): void {
    if (this.#closed) return
    if (error instanceof RpcTimeoutError || error instanceof RecipientUnreachableError) {
      this.#cancelTimer = this.#options.schedule(retryMs, () =>
        this.#sendNext(Math.min(2 * retryMs, MAX_RETRY_MS)),
      )
      return
    }
    this.close()
    this.#options.onFailed(error)
  }
}
