import type { ChunkedList } from './chunked-list.js'
import type { PendingWrite } from './pending-write.js'

/** Elements of one part. */
const PART = 1024

/** Writes a list as it was when this was made: lists only grow, so the elements of then stay where they are. */
export class PendingListWrite implements PendingWrite {
  readonly #list: ChunkedList<unknown>
  readonly #elements: Iterator<unknown>
  readonly #write: (elements: readonly unknown[]) => void
  #isDone = false

  constructor(list: ChunkedList<unknown>, write: (elements: readonly unknown[]) => void) {
    this.#list = list
    this.#elements = list[Symbol.iterator]()
    this.#write = write
    list.pending = [...(list.pending ?? []), this]
  }

  step(): boolean {
    if (this.#isDone) return true
    const part: unknown[] = []
    while (part.length < PART) {
      const next = this.#elements.next()
      if (next.done === true) {
        this.close()
        break
      }
      part.push(next.value)
    }
    if (part.length > 0) this.#write(part)
    return this.#isDone
  }

  /** Elements of lists have no key. */
  beforeAccess(): void {}

  close(): void {
    if (this.#isDone) return
    this.#isDone = true
    const others = this.#list.pending!.filter((write) => write !== this)
    this.#list.pending = others.length === 0 ? undefined : others
  }
}
