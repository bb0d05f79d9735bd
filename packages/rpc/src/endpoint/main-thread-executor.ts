import type { CancelTimer, Clock } from '@flink-ts/core'
import { EndpointClosedError } from '../errors/endpoint-closed-error.js'

export interface MainThreadExecutorOptions {
  /** For error messages, usually the endpoint id. */
  name: string
  clock: Clock
  /** Given what an action throws or rejects with; it must not throw itself. */
  onFatalError: (error: unknown) => void
}

/**
 * The one writer of an endpoint's state: runs actions one at a time in the order in which they
 * were handed in, never before the call that handed them in returned. Callbacks of timers,
 * sockets and promises enqueue here instead of touching state.
 *
 * An async action holds the queue only up to its first `await`; what it finds after that may
 * have changed.
 */
export class MainThreadExecutor {
  readonly #name: string
  readonly #clock: Clock
  readonly #onFatalError: (error: unknown) => void
  #queue: Array<() => void> = []
  #draining = false
  #closed = false
  readonly #timers = new Set<CancelTimer>()
  readonly #rejectOnClose = new Set<() => void>()

  constructor(options: MainThreadExecutorOptions) {
    this.#name = options.name
    this.#clock = options.clock
    this.#onFatalError = options.onFatalError
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Runs `action` after all that was handed in before it. Dropped when closed. */
  execute(action: () => void | Promise<void>): void {
    if (this.#closed) return
    this.#queue.push(() => this.#runGuarded(action))
    this.#scheduleDrain()
  }

  /** Hands `action` in `delayMs` from now. {@link close} cancels it. */
  schedule(delayMs: number, action: () => void | Promise<void>): CancelTimer {
    if (this.#closed) return () => {}
    let cancelled = false
    const cancelTimer = this.#clock.schedule(delayMs, () => {
      this.#timers.delete(cancel)
      // Between falling due and its turn in the queue the action may still be cancelled.
      this.execute(() => (cancelled ? undefined : action()))
    })
    const cancel = () => {
      cancelled = true
      this.#timers.delete(cancel)
      cancelTimer()
    }
    this.#timers.add(cancel)
    return cancel
  }

  /**
   * Runs `fn` like {@link execute} and hands its result, or what it throws, to the caller.
   * Rejects with `EndpointClosedError` when the executor is closed before `fn` ran.
   */
  call<T>(fn: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const rejectClosed = () => reject(new EndpointClosedError({ endpoint: this.#name }))
      if (this.#closed) {
        rejectClosed()
        return
      }
      this.#rejectOnClose.add(rejectClosed)
      this.#queue.push(() => {
        this.#rejectOnClose.delete(rejectClosed)
        try {
          resolve(fn())
        } catch (error) {
          reject(error)
        }
      })
      this.#scheduleDrain()
    })
  }

  /** Drops what waits, cancels timers, rejects waiting {@link call}s. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#queue = []
    for (const cancel of [...this.#timers]) cancel()
    for (const reject of this.#rejectOnClose) reject()
    this.#rejectOnClose.clear()
  }

  #scheduleDrain(): void {
    if (this.#draining) return
    this.#draining = true
    queueMicrotask(() => {
      // Read by index: the queue grows while it is drained, and shift() is linear.
      for (let i = 0; i < this.#queue.length; i++) this.#queue[i]!()
      this.#queue = []
      this.#draining = false
    })
  }

  #runGuarded(action: () => void | Promise<void>): void {
    try {
      const result = action()
      if (result instanceof Promise) result.catch(this.#onFatalError)
    } catch (error) {
      this.#onFatalError(error)
    }
  }
}
