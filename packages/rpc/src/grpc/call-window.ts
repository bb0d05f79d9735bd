import type { CancelTimer, Clock } from '@flink-ts/core'
import { RpcPeerBusyError } from '../errors/rpc-peer-busy-error.js'
import { RpcTimeoutError } from '../errors/rpc-timeout-error.js'

/** How much of one kind may be on its way to a peer, and how much more may wait for that. */
export interface CallLimits {
  readonly maxCalls: number
  readonly maxBytes: number
  readonly maxWaitingCalls: number
  readonly maxWaitingBytes: number
}

interface Waiting {
  readonly bytes: number
  readonly start: () => void
  readonly fail: (error: Error) => void
  readonly cancelTimer: CancelTimer
}

/**
 * Bounds what one peer makes this process hold: calls that are on their way, and then calls that wait, in order, until
 * earlier ones have ended. A single call passes whatever its size.
 */
export class CallWindow {
  readonly #limits: CallLimits
  readonly #clock: Clock
  readonly #waiting: Waiting[] = []
  #calls = 0
  #bytes = 0
  #waitingBytes = 0

  constructor(limits: CallLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /**
   * Resolves when the call may be sent; whoever sent it calls {@link leave} once when it has ended.
   *
   * @throws RpcTimeoutError when that takes until the call's deadline
   * @throws RpcPeerBusyError when too many wait already
   */
  enter(bytes: number, target: string, timeoutMs: number): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#take(bytes)
      return undefined
    }
    const { maxWaitingCalls, maxWaitingBytes } = this.#limits
    if (
      this.#waiting.length >= maxWaitingCalls ||
      (this.#waiting.length > 0 && this.#waitingBytes + bytes > maxWaitingBytes)
    ) {
      const reason =
        `${this.#calls} calls of ${this.#bytes} bytes are on their way to it, ` +
        `${this.#waiting.length} of ${this.#waitingBytes} bytes wait`
      return Promise.reject(new RpcPeerBusyError({ target, reason }))
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        bytes,
        start: resolve,
        fail: reject,
        cancelTimer: this.#clock.schedule(timeoutMs, () => {
          this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
          this.#waitingBytes -= bytes
          reject(new RpcTimeoutError({ target, timeoutMs }))
          this.#admit()
        }),
      }
      this.#waiting.push(waiting)
      this.#waitingBytes += bytes
    })
  }

  leave(bytes: number): void {
    this.#calls--
    this.#bytes -= bytes
    this.#admit()
  }

  /** Fails what waits. */
  close(error: Error): void {
    for (const { fail, cancelTimer } of this.#waiting.splice(0)) {
      cancelTimer()
      fail(error)
    }
    this.#waitingBytes = 0
  }

  get isEmpty(): boolean {
    return this.#calls === 0 && this.#waiting.length === 0
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next.bytes)) return
      this.#waiting.shift()
      this.#waitingBytes -= next.bytes
      next.cancelTimer()
      this.#take(next.bytes)
      next.start()
    }
  }

  #fits(bytes: number): boolean {
    if (this.#calls === 0) return true
    const { maxCalls, maxBytes } = this.#limits
    return this.#calls < maxCalls && this.#bytes + bytes <= maxBytes
  }

  #take(bytes: number): void {
    this.#calls++
    this.#bytes += bytes
  }
}
