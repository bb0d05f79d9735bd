import type { PendingWrite } from './pending-write.js'

/** Elements of one chunk: an array of 32 KB, far below what a heap's limit could not catch. */
const CHUNK = 4096

/**
 * A list that grows at its end, in chunks. One array would be copied whole when it grows, into memory that is asked
 * for at once: then a heap that is full ends the process instead of the thread.
 */
export class ChunkedList<T> implements Iterable<T> {
  /** All but the last one; each has {@link CHUNK} elements. Most lists have none. */
  #full: T[][] | undefined = undefined
  #last: T[] = []
  /** Of snapshots that keep the elements of now by reference, to write them later. */
  pending: readonly PendingWrite[] | undefined = undefined

  static of<T>(values: Iterable<T>): ChunkedList<T> {
    const list = new ChunkedList<T>()
    list.pushAll(values)
    return list
  }

  get size(): number {
    return (this.#full?.length ?? 0) * CHUNK + this.#last.length
  }

  at(index: number): T | undefined {
    const chunks = this.#full
    if (chunks === undefined || index >= chunks.length * CHUNK) return this.#last[index % CHUNK]
    return chunks[Math.floor(index / CHUNK)]?.[index % CHUNK]
  }

  push(value: T): void {
    if (this.#last.length === CHUNK) {
      this.#full ??= []
      this.#full.push(this.#last)
      this.#last = []
    }
    this.#last.push(value)
  }

  pushAll(values: Iterable<T>): void {
    for (const value of values) this.push(value)
  }

  /** The elements that are there when this is called; to be called before elements are given out that may be changed in place. */
  [Symbol.iterator](): Iterator<T> {
    return elementsOf(this.#full ?? [], this.#last, this.#full?.length ?? 0, this.#last.length)
  }
}

function* elementsOf<T>(
  chunks: readonly T[][],
  last: readonly T[],
  count: number,
  inLast: number,
): Generator<T, void> {
  for (let i = 0; i < count; i++) yield* chunks[i]!
  for (let i = 0; i < inLast; i++) yield last[i]!
}
