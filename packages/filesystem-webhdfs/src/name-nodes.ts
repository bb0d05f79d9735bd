/** Which NameNodes serve a cluster, and which one did last. */
export class NameNodes {
  readonly #addresses: readonly string[]
  readonly #addressOf: (authority: string) => string
  readonly #serving = new Map<string, string>()

  /**
   * @param addresses `host:port` of HTTP, whatever paths name; empty: the host of the path
   * @param addressOf the address of a path's host
   */
  constructor(addresses: readonly string[], addressOf: (authority: string) => string) {
    this.#addresses = addresses
    this.#addressOf = addressOf
  }

  /** In the order in which they are asked. */
  of(authority: string): readonly string[] {
    if (this.#addresses.length === 0) return [this.#addressOf(authority)]
    const first = this.#serving.get(authority)
    if (first === undefined) return this.#addresses
    return [first, ...this.#addresses.filter((address) => address !== first)]
  }

  /** It answered; it is asked first from now on. */
  serves(authority: string, address: string): void {
    this.#serving.set(authority, address)
  }
}
