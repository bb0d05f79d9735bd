import type { CancelTimer, Clock } from '@flink-ts/core'

/** An action whose time is put off again and again, for the price of a timer once in a while. */
export class MovingDeadline {
  readonly #clock: Clock
  readonly #action: () => void
  #at = Number.POSITIVE_INFINITY
  #armedFor = Number.POSITIVE_INFINITY
  #cancel: CancelTimer | undefined

  constructor(clock: Clock, action: () => void) {
    this.#clock = clock
    this.#action = action
  }

  /** Sets it to `at`, in the clock's monotonic milliseconds. */
  set(at: number): void {
    this.#at = at
    if (at >= this.#armedFor) return
    this.#disarm()
    this.#arm()
  }

  /** Whether the time has come, even if the timer is late: the process may have been stopped. */
  get isOver(): boolean {
    return this.#clock.monotonicNow() >= this.#at
  }

  cancel(): void {
    this.#at = Number.POSITIVE_INFINITY
    this.#disarm()
  }

  #disarm(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#armedFor = Number.POSITIVE_INFINITY
  }

  #arm(): void {
    this.#armedFor = this.#at
    const rest = Math.ceil(this.#at - this.#clock.monotonicNow())
    this.#cancel = this.#clock.schedule(Math.max(0, rest), () => {
      this.#disarm()
      if (!this.isOver) {
        this.#arm()
        return
      }
      this.#at = Number.POSITIVE_INFINITY
      this.#action()
    })
  }
}
