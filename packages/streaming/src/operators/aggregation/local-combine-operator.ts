import { KeyMap } from '@flink-ts/core'
import { NO_TIMESTAMP } from '@flink-ts/runtime/program'
import { FunctionOperator } from '../function-operator.js'
import { heapBytesOf } from './heap-size.js'
import type { KeyedReduceOptions, Reduce } from './keyed-reduce-options.js'

/** The most that is kept; few enough for a processor's cache, and for a heap that nobody asked. */
const MAX_KEYS = 1 << 15
const MAX_BYTES = 4 * 2 ** 20
/** Combining must spare at least half of the elements; else they pass for as many times as many elements. */
const WORTHWHILE = 0.5
const PASSING_FACTOR = 16
/** Elements emitted between two looks at whether the operators behind can take more. */
const FINISH_BATCH = 1024

export interface LocalCombineOptions extends KeyedReduceOptions {
  readonly copy: (value: unknown) => unknown
  /** Default 32768. */
  readonly maxKeys?: number
}

/**
 * Combines, in front of the exchange of a BATCH job, elements of one key that follow each other closely: what a function
 * makes of them goes on in their place. For functions that are associative. It keeps a bounded number of keys
 * and emits all of them when there is no room; where keys hardly repeat, elements pass as they are.
 */
export class LocalCombineOperator extends FunctionOperator<Reduce> {
  readonly #keySelector: (value: unknown) => unknown
  readonly #copy: (value: unknown) => unknown
  readonly #maxKeys: number
  #values = new KeyMap<unknown>()
  #bytes = 0
  /** Since the table was empty. */
  #elements = 0
  /** Elements that still pass before combining is tried again. */
  #passing = 0

  constructor(options: LocalCombineOptions) {
    super(options)
    this.#keySelector = options.keySelector
    this.#copy = options.copy
    this.#maxKeys = options.maxKeys ?? MAX_KEYS
  }

  override processElement(value: unknown): void {
    if (this.#passing > 0) {
      this.#passing--
      this.output.collect(value, NO_TIMESTAMP)
      return
    }
    this.#elements++
    try {
      const key = this.#keySelector(value)
      const own = this.#values.get(key)
      if (own === undefined) this.#insert(key, this.#copy(value))
      else {
        const result = this.call(own, value)
        if (result !== own) this.#values.set(key, result)
        return
      }
    } catch (error) {
      throw this.failed(error)
    }
    if (this.#values.size >= this.#maxKeys || this.#bytes >= MAX_BYTES) this.#makeRoom()
  }

  override async finish(): Promise<void> {
    const { output } = this
    let emitted = 0
    for (const [, value] of this.#values.entries()) {
      output.collect(value, NO_TIMESTAMP)
      if (++emitted % FINISH_BATCH === 0) {
        const ready = output.whenAvailable?.()
        if (ready !== undefined) await ready
      }
    }
    this.#clear()
  }

  #insert(key: unknown, value: unknown): void {
    this.#values.set(key, value)
    this.#bytes += heapBytesOf(value) + heapBytesOf(key)
  }

  #makeRoom(): void {
    if (this.#values.size > this.#elements * WORTHWHILE) {
      this.#passing = this.#elements * PASSING_FACTOR
    }
    const values = this.#values
    this.#clear()
    for (const [, value] of values.entries()) this.output.collect(value, NO_TIMESTAMP)
  }

  #clear(): void {
    this.#values = new KeyMap()
    this.#bytes = 0
    this.#elements = 0
  }
}
