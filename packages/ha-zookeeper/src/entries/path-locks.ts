/** Lets what concerns one path happen one after the other. */
export class PathLocks {
  readonly #last = new Map<string, Promise<unknown>>()

  async run<T>(path: string, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(path)
    const result = (before ?? Promise.resolve()).then(action, action)
    this.#last.set(path, result)
    try {
      return await result
    } finally {
      if (this.#last.get(path) === result) this.#last.delete(path)
    }
  }
}
