import type { Clock } from '@flink-ts/core'
import type { StreamTask } from './stream-task.js'

/** Longest time without a look at sockets, timers and user promises, in ms. */
const TURN_MS = 8

/**
 * Drives a task in a thread of its own. Between turns the thread returns to its event loop; while the
 * task waits it sleeps there.
 */
export class TaskThreadLoop {
  readonly #clock: Clock
  readonly #afterTurn: () => void
  readonly #onEnd: () => void
  #task: StreamTask | undefined
  #scheduled = false

  /**
   * @param afterTurn called when the task waits, and at least once per turn
   * @param onEnd called once, when the task has ended
   */
  constructor(options: { clock: Clock; afterTurn: () => void; onEnd: () => void }) {
    this.#clock = options.clock
    this.#afterTurn = options.afterTurn
    this.#onEnd = options.onEnd
  }

  start(task: StreamTask): void {
    this.#task = task
    this.wake()
  }

  readonly wake = (): void => {
    if (this.#scheduled || this.#task === undefined) return
    this.#scheduled = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    const task = this.#task
    if (task === undefined) return
    const until = this.#clock.monotonicNow() + TURN_MS
    let step = task.step()
    while (step === 'CONTINUE' && this.#clock.monotonicNow() < until) step = task.step()
    this.#afterTurn()
    if (step === 'CONTINUE') this.wake()
    else if (step === 'ENDED') {
      this.#task = undefined
      this.#onEnd()
    }
  }
}
