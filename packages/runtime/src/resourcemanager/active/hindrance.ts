/** Why workers that are needed are not there yet, as far as it is known. */
export class Hindrance {
  readonly #onChanged: () => void
  /** What the driver says of its requests. */
  #told: string | undefined
  /** Why the last worker that failed to start did; until one has registered, or none is missing. */
  #startFailure: string | undefined

  constructor(onChanged: () => void) {
    this.#onChanged = onChanged
  }

  /** For people; undefined: nothing is known. */
  get text(): string | undefined {
    if (this.#told === undefined) return this.#startFailure
    return `no TaskManager can be had now: ${this.#told}`
  }

  /** The driver says so. @param why undefined: nothing hinders requests any more */
  told(why: string | undefined): void {
    this.#change(() => {
      this.#told = why
    })
  }

  startFailed(why: string): void {
    this.#change(() => {
      this.#startFailure = `a TaskManager could not be started: ${why}`
    })
  }

  registered(): void {
    this.#forgetStartFailure()
  }

  noneIsMissing(): void {
    this.#forgetStartFailure()
  }

  #forgetStartFailure(): void {
    this.#change(() => {
      this.#startFailure = undefined
    })
  }

  #change(change: () => void): void {
    const before = this.text
    change()
    if (this.text !== before) this.#onChanged()
  }
}
