import { encodeKey, hashKey, KeyMap, keyGroupFor } from '@flink-ts/core'
import type { InternalTimer } from './internal-timer-service.js'
import { TimerHeap } from './timer-heap.js'

/** A timer with its place in its key group. */
interface QueuedTimer<N> extends InternalTimer<N> {
  readonly keyGroup: number
  /** Among the timers of its key group; -1: it has fired or was deleted. */
  place: number
  /** All timers of its key, where there have been several. */
  siblings: Map<number | string, QueuedTimer<N>> | undefined
}

/** Timers of one key: most have one. */
type TimersOfKey<N> = QueuedTimer<N> | Map<number | string, QueuedTimer<N>>

/** Deleted timers stay in the heap, but for at most as many as there are others, and a few. */
const FEW = 64

/** Timers of one kind, the next one first; each only once. */
export class TimerQueue<N> {
  readonly #maxParallelism: number
  readonly #heap = new TimerHeap<QueuedTimer<N>>()
  readonly #byKey = new KeyMap<TimersOfKey<N>>()
  /** In no order: what snapshots copy. */
  readonly #groups = new Map<number, QueuedTimer<N>[]>()
  #size = 0

  constructor(maxParallelism: number) {
    this.#maxParallelism = maxParallelism
  }

  get size(): number {
    return this.#size
  }

  /** @returns whether it is new */
  add(timestamp: number, key: unknown, namespace: N): boolean {
    const found = this.#byKey.get(key)
    if (found !== undefined && find(found, timestamp, namespace) !== undefined) return false
    const keyGroup = keyGroupFor(hashKey(key), this.#maxParallelism)
    let group = this.#groups.get(keyGroup)
    if (group === undefined) {
      group = []
      this.#groups.set(keyGroup, group)
    }
    const place = group.length
    const siblings = undefined
    const timer: QueuedTimer<N> = { timestamp, key, namespace, keyGroup, place, siblings }
    group.push(timer)
    this.#remember(timer, found)
    this.#heap.push(timestamp, timer)
    this.#size++
    return true
  }

  /** @returns whether it was there */
  delete(timestampMs: number, key: unknown, namespace: N): boolean {
    const found = this.#byKey.get(key)
    const timer = found && find(found, timestampMs, namespace)
    if (timer === undefined) return false
    this.#forget(timer)
    if (this.#heap.size > 2 * this.#size + FEW) this.#heap.retain(({ place }) => place >= 0)
    return true
  }

  /** The next timer. */
  peek(): InternalTimer<N> | undefined {
    let next = this.#heap.peek()
    while (next !== undefined && next.place < 0) {
      this.#heap.pop()
      next = this.#heap.peek()
    }
    return next
  }

  /** Takes the next timer away if it is not after `timestampMs`. */
  pollDue(timestampMs: number): InternalTimer<N> | undefined {
    const next = this.peek()
    if (next === undefined || next.timestamp > timestampMs) return undefined
    this.#forget(this.#heap.pop()!)
    return next
  }

  /** A copy of the timers of a key group, in no order. */
  ofKeyGroup(keyGroup: number): readonly InternalTimer<N>[] {
    return this.#groups.get(keyGroup)?.slice() ?? []
  }

  #remember(timer: QueuedTimer<N>, found: TimersOfKey<N> | undefined): void {
    if (found === undefined) {
      this.#byKey.set(timer.key, timer)
      return
    }
    let siblings: Map<number | string, QueuedTimer<N>>
    if (found instanceof Map) siblings = found
    else {
      siblings = new Map([[identity(found.timestamp, found.namespace), found]])
      found.siblings = siblings
      this.#byKey.set(timer.key, siblings)
    }
    timer.siblings = siblings
    siblings.set(identity(timer.timestamp, timer.namespace), timer)
  }

  #forget(timer: QueuedTimer<N>): void {
    const group = this.#groups.get(timer.keyGroup)!
    const last = group.pop()!
    if (last !== timer) {
      group[timer.place] = last
      last.place = timer.place
    }
    timer.place = -1
    this.#size--
    const { key, timestamp, namespace, siblings } = timer
    siblings?.delete(identity(timestamp, namespace))
    if (siblings === undefined || siblings.size === 0) this.#byKey.delete(key)
  }
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
