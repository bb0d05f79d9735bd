const AVAILABLE = Promise.resolve()

/** A promise that is made when somebody waits and resolves when there is something to do. */
export class Availability {
  #waiting: { promise: Promise<void>; resolve: () => void } | undefined

  /** Wakes whoever waits. */
  signal(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  /** Resolved if `available`, else at the next {@link signal}. */
  wait(available: boolean): Promise<void> {
    if (available) return AVAILABLE
    if (this.#waiting === undefined) {
      let resolve!: () => void
      const promise = new Promise<void>((r) => {
        resolve = r
      })
      this.#waiting = { promise, resolve }
    }
    return this.#waiting.promise
  }
}
