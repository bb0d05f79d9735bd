import type { OperatorListState } from '@flink-ts/core'
import { ChunkedList } from '../heap/chunked-list.js'

/** A list of operator state on the heap. */
export class HeapOperatorListState<T> implements OperatorListState<T> {
  #elements = new ChunkedList<T>()

  get(): Iterable<T> {
    return this.#elements
  }

  add(value: T): void {
    this.#elements.push(value)
  }

  addAll(values: Iterable<T>): void {
    this.#elements.pushAll(values)
  }

  update(values: Iterable<T>): void {
    this.#elements = ChunkedList.of(values)
  }

  clear(): void {
    this.#elements = new ChunkedList<T>()
  }
}
