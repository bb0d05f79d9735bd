import { copyValue, RecordCopier, type SerializerRegistry } from '@flink-ts/core'
import type { StateType } from '../snapshot/snapshot-description.js'
import { TimedValue } from '../snapshot/timed-value.js'
import type { KeyEntry } from './key-entry.js'
import { SEGMENT_SIZE } from './key-segment.js'
import type { KeySegments } from './key-segments.js'

/** Values as they were when a snapshot was taken, of entries that were touched before the snapshot had come to them. */
export class KeptValues {
  readonly #segments: KeySegments
  readonly #states: number
  /** By number of the segment, then place of the entry and number of the state. */
  readonly #values: (unknown[] | undefined)[] = []

  constructor(segments: KeySegments, states: number) {
    this.#segments = segments
    this.#states = states
  }

  keep(entry: KeyEntry, state: number, value: unknown): void {
    const segment = this.#segments.segmentOf(entry)
    let values = this.#values[segment.number]
    if (values === undefined) {
      values = new Array<unknown>(segment.entries.length * this.#states).fill(undefined)
      this.#values[segment.number] = values
    }
    values[(entry.place % SEGMENT_SIZE) * this.#states + state] = value
  }

  /** Of one segment, by place of the entry and number of the state; undefined: none. */
  of(segment: number): readonly unknown[] | undefined {
    return this.#values[segment]
  }

  forget(segment: number): void {
    this.#values[segment] = undefined
  }

  clear(): void {
    this.#values.length = 0
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
