import { type CancelTimer, FlinkError, type Logger } from '@flink-ts/core'
import type { MainThreadExecutor } from '@flink-ts/rpc'

export interface OrderedSenderOptions<M> {
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly send: (message: M) => Promise<unknown>
  /** The receiver answered with an error that no repetition cures; the message is dropped. */
  readonly onRefused: (message: M, error: unknown) => void
  /** A message was acknowledged and none waits. */
  readonly onIdle?: () => void
}

const INITIAL_DELAY_MS = 100
const MAX_DELAY_MS = 5_000

/**
 * Sends messages one after the other: the next one only when the one before was acknowledged. What is
 * not acknowledged is sent again with growing pauses, so the receiver must recognise repetitions.
 */
export class OrderedSender<M> {
  readonly #options: OrderedSenderOptions<M>
  readonly #queue: M[] = []
  #isSending = false
  #isClosed = false
  #delayMs = INITIAL_DELAY_MS
  #cancelTimer: CancelTimer | undefined

  constructor(options: OrderedSenderOptions<M>) {
    this.#options = options
  }

  get isIdle(): boolean {
    return this.#queue.length === 0
  }

  /** Dropped when closed. */
  send(message: M): void {
    if (this.#isClosed) return
    this.#queue.push(message)
    this.#sendNext()
  }

  /** Drops what waits. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.#queue.length = 0
    this.#cancelTimer?.()
  }

  #sendNext(): void {
    const message = this.#queue[0]
    if (this.#isSending || message === undefined) return
    this.#isSending = true
    const { mainThread, send } = this.#options
    send(message).then(
      () => mainThread.execute(() => this.#onAcknowledged()),
      (error) => mainThread.execute(() => this.#onError(message, error)),
    )
  }

  #onAcknowledged(): void {
    this.#isSending = false
    if (this.#isClosed) return
    this.#delayMs = INITIAL_DELAY_MS
    this.#queue.shift()
    if (this.#queue.length === 0) this.#options.onIdle?.()
    this.#sendNext()
  }

  #onError(message: M, error: unknown): void {
    if (this.#isClosed) return
    const { log, mainThread, onRefused } = this.#options
    if (!FlinkError.is(error) || !error.retriable) {
      onRefused(message, error)
      this.#onAcknowledged()
      return
    }
    log.debug('A message is sent again', { error, delayMs: this.#delayMs })
    this.#cancelTimer = mainThread.schedule(this.#delayMs, () => {
      this.#isSending = false
      this.#sendNext()
    })
    this.#delayMs = Math.min(2 * this.#delayMs, MAX_DELAY_MS)
  }
}
