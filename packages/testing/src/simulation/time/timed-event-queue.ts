/** Something that happens at a moment. */
export interface TimedEvent {
  readonly dueMs: number
  /** Rises with each event pushed: breaks ties. */
  readonly order: number
  readonly action: () => void
  /** Place in the heap; -1: not queued. */
  index: number
}

/** A priority queue of events, by time, then by the order in which they were pushed. */
export class TimedEventQueue {
  readonly #heap: TimedEvent[] = []
  #nextOrder = 0

  get size(): number {
    return this.#heap.length
  }

  peek(): TimedEvent | undefined {
    return this.#heap[0]
  }

  push(dueMs: number, action: () => void): TimedEvent {
    const event: TimedEvent = { dueMs, order: this.#nextOrder++, action, index: this.#heap.length }
    this.#heap.push(event)
    this.#up(event)
    return event
  }

  /** Nothing happens if it is not queued any more. */
  remove(event: TimedEvent): void {
    const { index } = event
    if (index < 0) return
    event.index = -1
    const last = this.#heap.pop()!
    if (last === event) return
    this.#place(last, index)
    this.#up(last)
    this.#down(last)
  }

  #up(event: TimedEvent): void {
    while (event.index > 0) {
      const parent = this.#heap[(event.index - 1) >> 1]!
      if (isBefore(parent, event)) return
      this.#swap(parent, event)
    }
  }

  #down(event: TimedEvent): void {
    for (;;) {
      const left = this.#heap[2 * event.index + 1]
      const right = this.#heap[2 * event.index + 2]
      const first = right !== undefined && isBefore(right, left!) ? right : left
      if (first === undefined || isBefore(event, first)) return
      this.#swap(event, first)
    }
  }

  #swap(a: TimedEvent, b: TimedEvent): void {
    const { index } = a
    this.#place(a, b.index)
    this.#place(b, index)
  }

  #place(event: TimedEvent, index: number): void {
    event.index = index
    this.#heap[index] = event
  }
}

function isBefore(a: TimedEvent, b: TimedEvent): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
}
