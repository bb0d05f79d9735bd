import {
  EVENT_TIMER_EVERY,
  elementsOf,
  type JobSize,
  keyOf,
  PROCESSING_TIMER_EVERY,
} from './expected-rows.js'

/** What a checker has found. */
export interface CheckResult {
  /** Rows that were read. */
  readonly records: number
  /** Facts that a row must tell and none told. */
  readonly lost: number
  /** Facts that one row more than necessary told, and rows that tell nothing that could be true. */
  readonly duplicated: number
  /** Some of them. */
  readonly examples: readonly string[]
}

const MAX_EXAMPLES = 12
const ROW = /^([epv]),k(0|[1-9]\d*),(\d+)(?:,(\d+))?$/

/**
 * Reads the rows of a job, in any order, and says what is missing and what is there too often. Every row is looked at;
 * memory is a few bytes per element.
 */
export class RowChecker {
  readonly #size: JobSize
  /** How often each element was seen. */
  readonly #elements: Uint8Array
  /** How often each key's nth was seen: `(nth - 1) * keys + key`. */
  readonly #numbers: Uint8Array
  readonly #processingTimers: Uint8Array
  readonly #eventTimers: Uint8Array
  readonly #examples: string[] = []
  #records = 0
  #foreign = 0

  constructor(size: JobSize) {
    this.#size = size
    const facts = () => new Uint8Array(size.count)
    this.#elements = facts()
    this.#numbers = facts()
    this.#processingTimers = facts()
    this.#eventTimers = facts()
  }

  add(row: string): void {
    this.#records++
    const match = ROW.exec(row)
    const [, kind, keyText, first, second] = match ?? []
    if (match === null || (kind === 'e') !== (second !== undefined)) {
      this.#isForeign(row)
      return
    }
    const key = Number(keyText)
    const element = Number(kind === 'e' ? second : first)
    if (!this.#isElement(element) || keyOf(element, this.#size) !== `k${key}`) this.#isForeign(row)
    else if (kind === 'e') this.#element(row, key, Number(first), element)
    else if (kind === 'p') this.#timer(row, this.#processingTimers, element, PROCESSING_TIMER_EVERY)
    else this.#timer(row, this.#eventTimers, element, EVENT_TIMER_EVERY)
  }

  result(): CheckResult {
    const examples = [...this.#examples]
    let lost = 0
    let duplicated = this.#foreign
    const look = (facts: Uint8Array, what: string, every = 1) => {
      for (let i = 0; i < facts.length; i += every) {
        const seen = facts[i]!
        if (seen === 1) continue
        if (seen === 0) lost++
        else duplicated += seen - 1
        if (examples.length < MAX_EXAMPLES)
          examples.push(`${what} ${this.#name(what, i)}: ${seen} times`)
      }
    }
    look(this.#elements, 'element')
    look(this.#numbers, 'number')
    look(this.#processingTimers, 'processing-time timer', PROCESSING_TIMER_EVERY)
    look(this.#eventTimers, 'event-time timer', EVENT_TIMER_EVERY)
    return { records: this.#records, lost, duplicated, examples }
  }

  #element(row: string, key: number, nth: number, element: number): void {
    if (nth < 1 || nth > elementsOf(key, this.#size)) {
      this.#isForeign(row)
      return
    }
    tell(this.#elements, element)
    tell(this.#numbers, (nth - 1) * this.#size.keys + key)
  }

  #timer(row: string, facts: Uint8Array, element: number, every: number): void {
    if (element % every === 0) tell(facts, element)
    else this.#isForeign(row)
  }

  #isElement(element: number): boolean {
    return Number.isSafeInteger(element) && element < this.#size.count
  }

  #isForeign(row: string): void {
    this.#foreign++
    if (this.#examples.length < MAX_EXAMPLES / 2) {
      this.#examples.push(`unexpected row ${JSON.stringify(row.slice(0, 100))}`)
    }
  }

  #name(what: string, i: number): string {
    const { keys } = this.#size
    return what === 'number' ? `${Math.floor(i / keys) + 1} of k${i % keys}` : String(i)
  }
}

/** Counts to 255 and stays there. */
function tell(facts: Uint8Array, index: number): void {
  if (facts[index]! < 255) facts[index] = facts[index]! + 1
}
