import assert from 'node:assert/strict'
import type { Clock, StateTtlConfig } from '@flink-ts/core'
import { TimedValue } from '../snapshot/timed-value.js'

/** What a state's {@link StateTtlConfig} means for its values. */
export class TtlPolicy {
  readonly ttlMs: number
  readonly updatesOnRead: boolean
  readonly returnsExpired: boolean
  readonly #clock: Clock
  /** Called with each access; backends clean up with it. */
  onAccess: () => void = () => {}

  private constructor(config: StateTtlConfig, clock: Clock) {
    this.ttlMs = config.ttlMs
    this.updatesOnRead = config.updateType === 'OnReadAndWrite'
    this.returnsExpired = config.stateVisibility === 'ReturnExpiredIfNotCleanedUp'
    this.#clock = clock
  }

  /** @returns undefined: values of the state do not expire */
  static of(config: StateTtlConfig | undefined, clock: Clock | undefined): TtlPolicy | undefined {
    if (config === undefined || config.updateType === 'Disabled') return undefined
    assert(config.ttlMs > 0, `a time to live is above 0 ms, not ${config.ttlMs}`)
    assert(clock !== undefined, 'a state with a time to live needs a backend with a clock')
    return new TtlPolicy(config, clock)
  }

  /** Values that were accessed last at this time or before have expired. */
  get expiredAtMs(): number {
    return this.#clock.now() - this.ttlMs
  }

  isExpired(value: TimedValue<unknown>): boolean {
    return value.lastAccessMs <= this.expiredAtMs
  }

  /** A value that is accessed now. */
  stamp<T>(value: T): TimedValue<T> {
    return new TimedValue(value, this.#clock.now())
  }
}
