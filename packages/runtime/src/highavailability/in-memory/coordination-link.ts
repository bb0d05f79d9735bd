import type { CancelTimer, Clock } from '@flink-ts/core'
import { CoordinationConnectionLostError } from '../store/store-errors.js'

export interface CoordinationLinkOptions {
  /** For errors. */
  readonly client: string
  readonly clock: Clock
  /** Of each message, in milliseconds; undefined: messages arrive in the same moment. */
  readonly latencyMs: (() => number) | undefined
}

type Direction = 'toService' | 'toClient'

/**
 * The connection between a client and the coordination service: in each direction messages arrive in
 * order, or not at all once it was cut.
 */
export class CoordinationLink {
  readonly #options: CoordinationLinkOptions
  readonly #lastArrivalMs: Record<Direction, number> = { toService: 0, toClient: 0 }
  readonly #pending = new Set<() => void>()
  readonly #timers = new Set<CancelTimer>()
  #connected = true
  /** Messages of before a cut never arrive. */
  #generation = 0

  constructor(options: CoordinationLinkOptions) {
    this.#options = options
  }

  get isConnected(): boolean {
    return this.#connected
  }

  /** Runs `run` at the service and brings its result, or what it throws, back. */
  call<T>(operation: string, run: () => T): Promise<T> {
    const lostError = () =>
      new CoordinationConnectionLostError({ operation, client: this.#options.client })
    return new Promise<T>((resolve, reject) => {
      if (!this.#connected) {
        reject(lostError())
        return
      }
      const lost = () => reject(lostError())
      this.#pending.add(lost)
      this.send('toService', () => {
        let answer: () => void
        try {
          const result = run()
          answer = () => resolve(result)
        } catch (error) {
          answer = () => reject(error)
        }
        this.send('toClient', () => {
          this.#pending.delete(lost)
          answer()
        })
      })
    })
  }

  send(direction: Direction, deliver: () => void): void {
    if (!this.#connected) return
    const generation = this.#generation
    const arrive = () => {
      if (generation === this.#generation) deliver()
    }
    const { clock, latencyMs } = this.#options
    if (latencyMs === undefined) {
      queueMicrotask(arrive)
      return
    }
    const now = clock.monotonicNow()
    const arrival = Math.max(now + latencyMs(), this.#lastArrivalMs[direction])
    this.#lastArrivalMs[direction] = arrival
    const cancel = clock.schedule(arrival - now, () => {
      this.#timers.delete(cancel)
      arrive()
    })
    this.#timers.add(cancel)
  }

  /** What is under way is lost; callers are told so unless `silent`, as when their process is gone. */
  cut(silent = false): void {
    this.#connected = false
    this.#generation++
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    const pending = [...this.#pending]
    this.#pending.clear()
    if (silent) return
    for (const lost of pending) lost()
  }

  restore(): void {
    this.#connected = true
  }
}
