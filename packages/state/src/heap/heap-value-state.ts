import type { ValueState } from '@flink-ts/core'
import type { HeapKeyContext } from './heap-key-context.js'

/** Value state on the heap. Values are kept and given out by reference. */
export class HeapValueState<T> implements ValueState<T> {
  readonly #context: HeapKeyContext
  readonly #name: string
  readonly #default: T | undefined
  readonly #index: number

  /** @param index of the state among those of a key */
  constructor(
    context: HeapKeyContext,
    { name, defaultValue }: { readonly name: string; readonly defaultValue?: T },
    index: number,
  ) {
    this.#context = context
    this.#name = name
    this.#default = defaultValue
    this.#index = index
  }

  value(): T | undefined {
    const entry = this.#context.find(this.#name)
    if (entry === undefined) return this.#default
    const value = entry.get(this.#index)
    return value === undefined ? this.#default : (value as T)
  }

  /** `undefined` is the same as {@link clear}. */
  update(value: T): void {
    if (value === undefined) {
      this.clear()
      return
    }
    this.#context.findOrCreate(this.#name).set(this.#index, value)
  }

  clear(): void {
    const entry = this.#context.find(this.#name)
    if (entry === undefined) return
    entry.set(this.#index, undefined)
    if (entry.isEmpty) this.#context.drop()
  }
}
