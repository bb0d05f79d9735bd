/** A value of a state with a time to live, as it is kept and stored. */
export class TimedValue<T = unknown> {
  readonly value: T
  /** When it was accessed last, as far as that counts; ms since the epoch. */
  readonly lastAccessMs: number

  constructor(value: T, lastAccessMs: number) {
    this.value = value
    this.lastAccessMs = lastAccessMs
  }
}
