import type { CancelTimer, Clock } from '@flink-ts/core'
import type { VersionedStore } from '@flink-ts/runtime'

/**
 * A process that may die between any two things that it does: from then on it does nothing, hears nothing, and nobody hears
 * from it. What it does to the world goes through what it was handed here.
 */
export class MortalProcess {
  #isAlive = true
  readonly #timers = new Set<CancelTimer>()
  /** Everything that it does, from its first step on: `before create x`, `after create x`. */
  readonly steps: string[] = []
  /** It dies when it has done so many. Default: never. */
  lastStep = Number.POSITIVE_INFINITY

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Whoever must know more than that its timers end, extends it. */
  die(): void {
    this.#isAlive = false
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonicNow: () => clock.monotonicNow(),
      schedule: (delayMs, action): CancelTimer => {
        if (!this.#isAlive) return () => {}
        const cancel = clock.schedule(delayMs, () => {
          this.#timers.delete(cancel)
          action()
        })
        this.#timers.add(cancel)
        return () => {
          this.#timers.delete(cancel)
          cancel()
        }
      },
    }
  }

  store(store: VersionedStore): VersionedStore {
    const step =
      <A extends unknown[], R>(name: string, operation: (...args: A) => Promise<R>) =>
      (...args: A): Promise<R> =>
        this.step(`${name} ${String(args[0] ?? '')}`, () => operation(...args))
    return {
      pathOf: store.pathOf,
      names: step('names', store.names),
      get: step('get', store.get),
      versionOf: step('versionOf', store.versionOf),
      create: step('create', store.create),
      replace: step('replace', store.replace),
      remove: step('remove', store.remove),
    }
  }

  /** A listener that hears nothing any more when the process has died. */
  ifAlive<A extends unknown[]>(listener: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      if (this.#isAlive) listener(...args)
    }
  }

  /** Does something that others see. It dies before, or when it was done and nobody has heard of it: then there is no answer. */
  async step<R>(name: string, action: () => Promise<R>): Promise<R> {
    if (!this.#isAlive || this.steps.length >= this.lastStep) return this.#dead()
    this.steps.push(`before ${name}`)
    if (this.steps.length >= this.lastStep) return this.#dead()
    const result = action()
    result.catch(() => {})
    this.steps.push(`after ${name}`)
    if (this.steps.length >= this.lastStep) return this.#dead()
    const settled = await result.then(
      (value) => () => value,
      (error) => () => {
        throw error
      },
    )
    return this.#isAlive ? settled() : this.#dead()
  }

  #dead(): Promise<never> {
    if (this.#isAlive) this.die()
    return new Promise(() => {})
  }
}
