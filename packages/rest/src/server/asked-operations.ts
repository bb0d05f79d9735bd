import type { Clock } from '@flink-ts/core'

/** Clients ask each second, at the latest, until an operation is over. */
const ASKS_AGAIN_WITHIN_MS = 2500

/**
 * Operations whose outcome somebody waits for. A cluster of one job ends with the savepoint that stops its job: whoever
 * asked for it is to be told before.
 */
export class AskedOperations {
  readonly #clock: Clock
  /** When somebody was told last that an operation is under way, by its id. */
  readonly #underWay = new Map<string, number>()
  #onTold = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  told(triggerId: string, isOver: boolean): void {
    const now = this.#clock.monotonicNow()
    for (const [id, askedMs] of this.#underWay) {
      if (now - askedMs > ASKS_AGAIN_WITHIN_MS) this.#underWay.delete(id)
    }
    if (isOver) this.#underWay.delete(triggerId)
    else this.#underWay.set(triggerId, now)
    if (this.#underWay.size === 0) this.#onTold()
  }

  /** Whether anybody may wait. */
  get isAsked(): boolean {
    return this.#underWay.size > 0
  }

  /** Resolves when everybody was told who asked lately, or does not ask again. */
  async whenAllAreTold(): Promise<void> {
    const now = this.#clock.monotonicNow()
    const lastMs = Math.max(...this.#underWay.values(), Number.NEGATIVE_INFINITY)
    const leftMs = lastMs + ASKS_AGAIN_WITHIN_MS - now
    if (leftMs <= 0) return
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.schedule(leftMs, resolve)
      this.#onTold = () => {
        cancel()
        resolve()
      }
    })
  }
}
