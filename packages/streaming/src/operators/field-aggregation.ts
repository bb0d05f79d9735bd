import { RecordCopier } from '@flink-ts/core'
import { InvalidProgramError } from '../functions/errors.js'

type Fields = Record<PropertyKey, unknown>

/** `sum`, `min` or `max` of a field. */
export interface FieldAggregation {
  /** Changes the field of `own`, an element made by {@link copy}, to the result with `value`. */
  readonly reduce: (own: unknown, value: unknown) => unknown
  /** A copy of an element that shares nothing with it. */
  readonly copy: (value: unknown) => unknown
}

/** What `sum`, `min` and `max` make of a key's elements: the first one, with the field replaced. */
export function fieldAggregation(
  kind: 'sum' | 'min' | 'max',
  field: PropertyKey,
): FieldAggregation {
  const combine = COMBINE[kind]
  const copier = new RecordCopier()
  return {
    reduce(own, value) {
      const before = fieldOf(own, field, kind)
      const result: unknown = combine(before, fieldOf(value, field, kind))
      // A Date belongs to the element that it came with.
      const isTaken = typeof result === 'object' && result !== (before as unknown)
      ;(own as Fields)[field] = isTaken ? copier.copy(result) : result
      return own
    },
    copy: (value) => copier.copy(value),
  }
}

type Ordered = number | bigint | string

const COMBINE: Record<'sum' | 'min' | 'max', (a: Ordered, b: Ordered) => Ordered> = {
  sum: (a, b) => (a as number) + (b as number),
  min: (a, b) => (b < a ? b : a),
  max: (a, b) => (b > a ? b : a),
}

function fieldOf(value: unknown, field: PropertyKey, kind: string): Ordered {
  const found = typeof value === 'object' && value !== null ? (value as Fields)[field] : undefined
  const type = typeof found
  if (type === 'number' || type === 'bigint') return found as Ordered
  if (kind !== 'sum' && (type === 'string' || found instanceof Date)) return found as Ordered
  throw new InvalidProgramError(
    `Cannot take the ${kind} of field '${String(field)}': it is ${found === null ? 'null' : type}; expected ` +
      `a number${kind === 'sum' ? '' : ', text or Date'}`,
  )
}
