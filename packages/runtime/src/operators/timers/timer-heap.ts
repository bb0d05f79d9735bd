/** Children of each node: fewer levels, and those of one node lie side by side. */
const ARITY = 4

/**
 * A priority queue by timestamp, and by the order of arrival among equal ones. What decides lies in arrays of numbers of its own: with a
 * million items most of the time goes into waiting for memory, and items are not looked at.
 */
export class TimerHeap<T> {
  readonly #times: number[] = []
  readonly #sequences: number[] = []
  readonly #items: T[] = []
  #arrived = 0

  get size(): number {
    return this.#items.length
  }

  push(timestampMs: number, item: T): void {
    this.#siftUp(this.#items.length, timestampMs, this.#arrived++, item)
  }

  /** The item that is next. */
  peek(): T | undefined {
    return this.#items[0]
  }

  /** Takes the next item away. */
  pop(): T | undefined {
    const items = this.#items
    const next = items[0]
    const lastTime = this.#times.pop()
    const lastSequence = this.#sequences.pop()
    const last = items.pop()
    if (items.length > 0) this.#siftDown(0, lastTime!, lastSequence!, last!)
    return next
  }

  /** Drops all items for which `keep` answers false. The order of the others stays. */
  retain(keep: (item: T) => boolean): void {
    const [times, sequences, items] = [this.#times, this.#sequences, this.#items]
    let kept = 0
    for (let i = 0; i < items.length; i++) {
      if (!keep(items[i]!)) continue
      times[kept] = times[i]!
      sequences[kept] = sequences[i]!
      items[kept] = items[i]!
      kept++
    }
    times.length = sequences.length = items.length = kept
    for (let i = Math.floor((kept - 2) / ARITY); i >= 0; i--) {
      this.#siftDown(i, times[i]!, sequences[i]!, items[i]!)
    }
  }

  #siftUp(from: number, time: number, sequence: number, item: T): void {
    let place = from
    while (place > 0) {
      const parent = Math.floor((place - 1) / ARITY)
      // Who arrives later is behind those of the same time.
      if (this.#times[parent]! <= time) break
      this.#move(parent, place)
      place = parent
    }
    this.#put(place, time, sequence, item)
  }

  #siftDown(from: number, time: number, sequence: number, item: T): void {
    const [times, sequences] = [this.#times, this.#sequences]
    const size = times.length
    let place = from
    for (let child = place * ARITY + 1; child < size; child = place * ARITY + 1) {
      const end = Math.min(child + ARITY, size)
      let least = child
      for (let i = child + 1; i < end; i++) {
        const [a, b] = [times[i]!, times[least]!]
        if (a < b || (a === b && sequences[i]! < sequences[least]!)) least = i
      }
      const leastTime = times[least]!
      if (time < leastTime || (time === leastTime && sequence < sequences[least]!)) break
      this.#move(least, place)
      place = least
    }
    this.#put(place, time, sequence, item)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#sequences[from]!, this.#items[from]!)
  }

  #put(place: number, time: number, sequence: number, item: T): void {
    this.#times[place] = time
    this.#sequences[place] = sequence
    this.#items[place] = item
  }
}
