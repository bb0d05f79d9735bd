/** Reads values out of an answer that may be anything. */
export class AnswerReader {
  readonly #value: unknown
  readonly #path: string

  constructor(value: unknown, path = 'the answer') {
    this.#value = value
    this.#path = path
  }

  get isPresent(): boolean {
    return this.#value !== undefined && this.#value !== null
  }

  get isTrue(): boolean {
    return this.#value === true
  }

  at(...names: readonly string[]): AnswerReader {
    let value = this.#value
    let path = this.#path
    for (const name of names) {
      path = `${path}.${name}`
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined
    }
    return new AnswerReader(value, path)
  }

  /** @throws TypeError naming the place */
  text(): string {
    if (typeof this.#value === 'string') return this.#value
    throw new TypeError(`${this.#path} is no text`)
  }

  textOr(fallback: string): string {
    return typeof this.#value === 'string' ? this.#value : fallback
  }

  /** @throws TypeError naming the place */
  number(): number {
    if (typeof this.#value === 'number' && Number.isFinite(this.#value)) return this.#value
    throw new TypeError(`${this.#path} is no number`)
  }

  numberOr(fallback: number): number {
    return typeof this.#value === 'number' && Number.isFinite(this.#value) ? this.#value : fallback
  }

  /** The elements of a list; one that stands alone counts as a list of one, as older versions of Hadoop write it. */
  elements(): readonly AnswerReader[] {
    if (!this.isPresent) return []
    const list = Array.isArray(this.#value) ? this.#value : [this.#value]
    return list.map((element, index) => new AnswerReader(element, `${this.#path}[${index}]`))
  }
}
