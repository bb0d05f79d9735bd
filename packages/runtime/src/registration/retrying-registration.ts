import assert from 'node:assert/strict'
import type { CancelTimer, Logger } from '@flink-ts/core'
import {
  type MainThreadExecutor,
  NotLeaderError,
  RecipientUnreachableError,
  RpcTimeoutError,
} from '@flink-ts/rpc'
import type { RegistrationSettings } from './registration-settings.js'

/** What the other side answered; the shape of the `Register…Response` messages. */
export interface RegistrationResponse<S> {
  readonly success?: S | undefined
  /** Why it refused. */
  readonly rejection?: string | undefined
}

export interface RetryingRegistrationOptions<S> {
  /** At whom, for the log, such as `ResourceManager 127.0.0.1:6123/resourcemanager_0`. */
  readonly target: string
  /** Of the component that registers; everything here runs in it. */
  readonly mainThread: MainThreadExecutor
  readonly log: Logger
  readonly settings: RegistrationSettings
  /** One attempt; `timeoutMs` belongs into its call options. */
  readonly register: (timeoutMs: number) => Promise<RegistrationResponse<S>>
  /** Called once, in the main thread, unless cancelled before. */
  readonly onRegistered: (success: S) => void
}

/**
 * Registers one component at another, however long that takes. An attempt without answer is repeated
 * with twice the timeout, an error after a pause, a refusal after a longer one, and as long as
 * nobody is there it tries again soon. The other side must take a repeated registration for the
 * same one: an attempt that timed out may have arrived.
 */
export class RetryingRegistration<S> {
  readonly #options: RetryingRegistrationOptions<S>
  #state: 'created' | 'running' | 'registered' | 'cancelled' = 'created'
  #timeoutMs: number
  #unreachableDelayMs: number
  #cancelTimer: CancelTimer | undefined
  #toldUnreachable = false

  constructor(options: RetryingRegistrationOptions<S>) {
    this.#options = options
    this.#timeoutMs = options.settings.initialTimeoutMs
    this.#unreachableDelayMs = options.settings.initialUnreachableDelayMs
  }

  get isRegistered(): boolean {
    return this.#state === 'registered'
  }

  /** Makes the first attempt. Once. */
  start(): void {
    assert.equal(this.#state, 'created', 'a registration is started once')
    this.#state = 'running'
    this.#attempt()
  }

  /** Nothing is attempted or told any more. Idempotent. */
  cancel(): void {
    if (this.#state !== 'registered') this.#state = 'cancelled'
    this.#cancelTimer?.()
  }

  #attempt(): void {
    if (this.#state !== 'running') return
    const { register, mainThread } = this.#options
    register(this.#timeoutMs).then(
      (response) => mainThread.execute(() => this.#onResponse(response)),
      (error) => mainThread.execute(() => this.#onError(error)),
    )
  }

  #onResponse(response: RegistrationResponse<S>): void {
    if (this.#state !== 'running') return
    const { target, log, settings, onRegistered } = this.#options
    if (response.success !== undefined) {
      this.#state = 'registered'
      log.info('Registered', { target })
      onRegistered(response.success)
      return
    }
    const reason = response.rejection ?? 'no reason given'
    log.warn('Registration was refused', { target, reason, retryInMs: settings.refusedDelayMs })
    this.#retryIn(settings.refusedDelayMs)
  }

  #onError(error: unknown): void {
    if (this.#state !== 'running') return
    const { target, log, settings } = this.#options
    if (error instanceof RpcTimeoutError) {
      this.#timeoutMs = Math.min(2 * this.#timeoutMs, settings.maxTimeoutMs)
      log.debug('Registration was not answered in time', { target, nextTimeoutMs: this.#timeoutMs })
      this.#retryIn(0)
    } else if (error instanceof RecipientUnreachableError || error instanceof NotLeaderError) {
      if (!this.#toldUnreachable) log.info('Nobody to register at yet', { target, error })
      this.#toldUnreachable = true
      this.#retryIn(this.#unreachableDelayMs)
      this.#unreachableDelayMs = Math.min(
        2 * this.#unreachableDelayMs,
        settings.maxUnreachableDelayMs,
      )
    } else {
      log.warn('Registration failed', { target, error, retryInMs: settings.errorDelayMs })
      this.#retryIn(settings.errorDelayMs)
    }
  }

  #retryIn(delayMs: number): void {
    this.#cancelTimer = this.#options.mainThread.schedule(delayMs, () => this.#attempt())
  }
}
