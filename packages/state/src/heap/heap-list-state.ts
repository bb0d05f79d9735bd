import type { ListState } from '@flink-ts/core'
import { ChunkedList } from './chunked-list.js'
import type { HeapKeyContext } from './heap-key-context.js'

/** List state on the heap. Elements are kept and given out by reference. */
export class HeapListState<T> implements ListState<T> {
  readonly #context: HeapKeyContext
  readonly #name: string
  readonly #index: number

  /** @param index of the state among those of a key */
  constructor(context: HeapKeyContext, { name }: { readonly name: string }, index: number) {
    this.#context = context
    this.#name = name
    this.#index = index
  }

  get(): Iterable<T> {
    const list = this.#find()
    if (list === undefined) return []
    // Elements that are given out may be changed in place.
    for (const write of list.pending ?? []) while (!write.step());
    return list
  }

  add(value: T): void {
    this.#findOrCreate().push(value)
  }

  addAll(values: Iterable<T>): void {
    for (const value of values) this.add(value)
  }

  update(values: Iterable<T>): void {
    const list = ChunkedList.of(values)
    if (list.size === 0) this.clear()
    else this.#context.findOrCreate(this.#name).set(this.#index, list)
  }

  clear(): void {
    const entry = this.#context.find(this.#name)
    if (entry === undefined) return
    entry.set(this.#index, undefined)
    if (entry.isEmpty) this.#context.drop()
  }

  #find(): ChunkedList<T> | undefined {
    return this.#context.find(this.#name)?.get(this.#index) as ChunkedList<T> | undefined
  }

  #findOrCreate(): ChunkedList<T> {
    const found = this.#find()
    if (found !== undefined) return found
    const list = new ChunkedList<T>()
    this.#context.findOrCreate(this.#name).set(this.#index, list)
    return list
  }
}
