import { copyValue, RecordCopier, type SerializerRegistry } from '@flink-ts/core'
import type { StateType } from '../snapshot/snapshot-description.js'
import { TimedValue } from '../snapshot/timed-value.js'
import type { KeyEntry } from './key-entry.js'
import { SEGMENT_SIZE } from './key-segment.js'
import type { KeySegments } from './key-segments.js'

/** Shortest array of kept values. */
const LEAST = 16

/**
 * Arrays for the values that snapshots keep, used again by the next ones: as garbage they lived long enough to be collected with all of the
 * state, every few checkpoints.
 */
export class SpareArrays {
  /** By length, a power of two. */
  readonly #spare = new Map<number, unknown[][]>()

  /** @returns at least so many times undefined */
  take(atLeast: number): unknown[] {
    const length = 2 ** Math.ceil(Math.log2(Math.max(atLeast, LEAST)))
    return this.#spare.get(length)?.pop() ?? new Array<unknown>(length).fill(undefined)
  }

  give(values: unknown[]): void {
    values.fill(undefined)
    const spare = this.#spare.get(values.length)
    if (spare === undefined) this.#spare.set(values.length, [values])
    else spare.push(values)
  }

  /** Lets go of all but so many of each length. */
  trim(most: number): void {
    for (const spare of this.#spare.values()) spare.length = Math.min(spare.length, most)
  }
}

/** Values as they were when a snapshot was taken, of entries that were touched before the snapshot had come to them. */
export class KeptValues {
  readonly #segments: KeySegments
  readonly #states: number
  readonly #spare: SpareArrays
  /** By number of the segment, then place of the entry and number of the state. */
  readonly #values: (unknown[] | undefined)[] = []
  #taken = 0

  constructor(segments: KeySegments, states: number, spare: SpareArrays) {
    this.#segments = segments
    this.#states = states
    this.#spare = spare
  }

  keep(entry: KeyEntry, state: number, value: unknown): void {
    const { place } = entry
    const segment = Math.floor(place / SEGMENT_SIZE)
    const values = this.#values[segment] ?? this.#begin(entry, segment)
    values[(place % SEGMENT_SIZE) * this.#states + state] = value
  }

  /** Of one segment, by place of the entry and number of the state; undefined: none. */
  of(segment: number): readonly unknown[] | undefined {
    return this.#values[segment]
  }

  forget(segment: number): void {
    const values = this.#values[segment]
    if (values === undefined) return
    this.#values[segment] = undefined
    this.#spare.give(values)
  }

  /** All are forgotten. The next snapshot has use for as many arrays as this one, about. */
  clear(): void {
    this.#values.forEach((_, segment) => {
      this.forget(segment)
    })
    this.#values.length = 0
    this.#spare.trim(this.#taken)
  }

  #begin(entry: KeyEntry, segment: number): unknown[] {
    // No holes: segments are numbered from 0.
    while (this.#values.length < segment) this.#values.push(undefined)
    const values = this.#spare.take(this.#segments.segmentOf(entry).entries.length * this.#states)
    this.#values[segment] = values
    this.#taken++
    return values
  }
}

/** Makes of the values of one state what nobody changes any more. */
export class ValueKeeper {
  readonly #copy: (value: object) => unknown

  constructor(type: StateType, serializers: SerializerRegistry | undefined) {
    const records = new RecordCopier(serializers)
    // Values of a declared type have no parts that occur twice; of `dynamic` ones these must stay one part.
    this.#copy =
      type === 'dynamic'
        ? (value) => (isFlat(value) ? records.copy(value) : copyValue(value, serializers))
        : (value) => records.copy(value)
  }

  /** @throws what a getter or the program's own serializer throws */
  keep(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (!(value instanceof TimedValue)) return this.#copy(value)
    const { value: inner, lastAccessMs } = value
    if (typeof inner !== 'object' || inner === null) return value
    return new TimedValue(this.#copy(inner), lastAccessMs)
  }
}

/** A plain object of primitives. */
function isFlat(value: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const name in value) {
    if (typeof (value as Record<string, unknown>)[name] === 'object') return false
  }
  return true
}
