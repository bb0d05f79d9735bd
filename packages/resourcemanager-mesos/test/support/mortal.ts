import type { CancelTimer, Clock } from '@flink-ts/core'
import type { MesosScheduler, SchedulerListener } from '@flink-ts/mesos-client'
import type { VersionedStore } from '@flink-ts/runtime'

/**
 * A process that may die between any two things that it does: from then on it does nothing, hears nothing, and nobody hears
 * from it.
 */
export class Mortal {
  #isAlive = true
  readonly #schedulers: MesosScheduler[] = []
  readonly #timers = new Set<CancelTimer>()
  /** Everything that it does from its first step on. */
  readonly steps: string[] = []
  /** It dies when it has done so many. */
  lastStep = Number.POSITIVE_INFINITY

  get isAlive(): boolean {
    return this.#isAlive
  }

  die(): void {
    this.#isAlive = false
    for (const scheduler of this.#schedulers) void scheduler.close()
    for (const cancel of this.#timers) cancel()
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
        this.#step(`${name} ${String(args[0] ?? '')}`, () => operation(...args))
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

  scheduler(scheduler: MesosScheduler): MesosScheduler {
    this.#schedulers.push(scheduler)
    const heard =
      <A extends unknown[]>(listener: (...args: A) => void) =>
      (...args: A) => {
        if (this.#isAlive) listener(...args)
      }
    return {
      start: (framework, listener: SchedulerListener) => {
        if (!this.#isAlive) return
        scheduler.start(framework, {
          onSubscribed: heard((subscription) => listener.onSubscribed(subscription)),
          onEvent: heard((event) => listener.onEvent(event)),
          onDisconnected: heard((reason) => listener.onDisconnected(reason)),
          onEnded: heard((end) => listener.onEnded(end)),
        })
      },
      call: (call) => this.#step(call.type, () => scheduler.call(call)),
      close: () => (this.#isAlive ? scheduler.close() : Promise.resolve()),
    }
  }

  /** It dies before, or when it was done and nobody has heard of it. */
  async #step<R>(name: string, action: () => Promise<R>): Promise<R> {
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
