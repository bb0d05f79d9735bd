import { encodeKey, hashKey, KeyMap, keyGroupFor } from '@flink-ts/core'
import type { InternalTimer } from './internal-timer-service.js'

/** A timer with its place in the heap. */
interface QueuedTimer<N> extends InternalTimer<N> {
  readonly keyGroup: number
  /** Earlier ones first among those of one timestamp. */
  readonly sequence: number
  /** In the heap; -1: not there any more. */
  place: number
}

/** Timers of one key: most have one. */
type TimersOfKey<N> = QueuedTimer<N> | Map<number | string, QueuedTimer<N>>

/** Timers of one kind, the next one first; each only once. */
export class TimerQueue<N> {
  readonly #maxParallelism: number
  /** A binary heap. */
  readonly #heap: QueuedTimer<N>[] = []
  readonly #byKey = new KeyMap<TimersOfKey<N>>()
  #sequence = 0
  /** Until the next change. */
  #groups: Map<number, QueuedTimer<N>[]> | undefined

  constructor(maxParallelism: number) {
    this.#maxParallelism = maxParallelism
  }

  get size(): number {
    return this.#heap.length
  }

  /** @returns whether it is new */
  add(timestamp: number, key: unknown, namespace: N): boolean {
    const found = this.#byKey.get(key)
    if (found !== undefined && find(found, timestamp, namespace) !== undefined) return false
    const timer: QueuedTimer<N> = {
      timestamp,
      key,
      namespace,
      keyGroup: keyGroupFor(hashKey(key), this.#maxParallelism),
      sequence: this.#sequence++,
      place: this.#heap.length,
    }
    if (found === undefined) this.#byKey.set(key, timer)
    else if (found instanceof Map) found.set(identity(timestamp, namespace), timer)
    else this.#byKey.set(key, mapOf(found, timer))
    this.#groups = undefined
    this.#heap.push(timer)
    this.#siftUp(timer)
    return true
  }

  /** @returns whether it was there */
  delete(timestampMs: number, key: unknown, namespace: N): boolean {
    const found = this.#byKey.get(key)
    const timer = found && find(found, timestampMs, namespace)
    if (timer === undefined) return false
    this.#remove(timer)
    return true
  }

  peek(): InternalTimer<N> | undefined {
    return this.#heap[0]
  }

  /** Takes the next timer away if it is not after `timestampMs`. */
  pollDue(timestampMs: number): InternalTimer<N> | undefined {
    const next = this.#heap[0]
    if (next === undefined || next.timestamp > timestampMs) return undefined
    this.#remove(next)
    return next
  }

  /** The timers of a key group at this moment, in no order. Asked for all groups in a row it costs one pass over the timers. */
  ofKeyGroup(keyGroup: number): readonly InternalTimer<N>[] {
    this.#groups ??= this.#byKeyGroup()
    return this.#groups.get(keyGroup) ?? []
  }

  #byKeyGroup(): Map<number, QueuedTimer<N>[]> {
    const groups = new Map<number, QueuedTimer<N>[]>()
    for (const timer of this.#heap) {
      const group = groups.get(timer.keyGroup)
      if (group === undefined) groups.set(timer.keyGroup, [timer])
      else group.push(timer)
    }
    return groups
  }

  #remove(timer: QueuedTimer<N>): void {
    this.#groups = undefined
    const heap = this.#heap
    const last = heap.pop()!
    if (last !== timer) {
      last.place = timer.place
      heap[last.place] = last
      if (isBefore(last, timer)) this.#siftUp(last)
      else this.#siftDown(last)
    }
    timer.place = -1
    this.#forget(timer)
  }

  #forget(timer: QueuedTimer<N>): void {
    const { key, timestamp, namespace } = timer
    const found = this.#byKey.get(key)
    if (found instanceof Map) {
      found.delete(identity(timestamp, namespace))
      if (found.size > 0) return
    }
    this.#byKey.delete(key)
  }

  #siftUp(timer: QueuedTimer<N>): void {
    const heap = this.#heap
    let place = timer.place
    while (place > 0) {
      const parent = heap[(place - 1) >> 1]!
      if (!isBefore(timer, parent)) break
      this.#put(parent, place)
      place = (place - 1) >> 1
    }
    this.#put(timer, place)
  }

  #siftDown(timer: QueuedTimer<N>): void {
    const heap = this.#heap
    let place = timer.place
    for (let child = 2 * place + 1; child < heap.length; child = 2 * place + 1) {
      const right = heap[child + 1]
      const least = right !== undefined && isBefore(right, heap[child]!) ? child + 1 : child
      const next = heap[least]!
      if (!isBefore(next, timer)) break
      this.#put(next, place)
      place = least
    }
    this.#put(timer, place)
  }

  #put(timer: QueuedTimer<N>, place: number): void {
    this.#heap[place] = timer
    timer.place = place
  }
}

function isBefore(a: QueuedTimer<unknown>, b: QueuedTimer<unknown>): boolean {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp
  return a.sequence < b.sequence
}

function find<N>(
  timers: TimersOfKey<N>,
  timestampMs: number,
  namespace: N,
): QueuedTimer<N> | undefined {
  const wanted = identity(timestampMs, namespace)
  if (timers instanceof Map) return timers.get(wanted)
  return identity(timers.timestamp, timers.namespace) === wanted ? timers : undefined
}

/** Tells timers of one key apart. */
function identity(timestampMs: number, namespace: unknown): number | string {
  if (namespace === undefined) return timestampMs
  return `${timestampMs} ${Buffer.from(encodeKey(namespace)).toString('latin1')}`
}

function mapOf<N>(...timers: QueuedTimer<N>[]): Map<number | string, QueuedTimer<N>> {
  return new Map(timers.map((t) => [identity(t.timestamp, t.namespace), t]))
}
