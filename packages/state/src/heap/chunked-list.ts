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

  static of<T>(values: Iterable<T>): ChunkedList<T> {
    const list = new ChunkedList<T>()
    list.pushAll(values)
    return list
  }

  get size(): number {
    return (this.#full?.length ?? 0) * CHUNK + this.#last.length
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

  /** The elements that are there when the iteration begins. */
  *[Symbol.iterator](): Iterator<T> {
    const last = this.#last
    const [chunks, inLast] = [this.#full?.length ?? 0, last.length]
    for (let i = 0; i < chunks; i++) yield* this.#full![i]!
    for (let i = 0; i < inLast; i++) yield last[i]!
  }
}
