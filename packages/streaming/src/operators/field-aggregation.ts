import { ObjectCopier } from '@flink-ts/core'
import { InvalidProgramError } from '../functions/errors.js'

type Fields = Record<PropertyKey, unknown>
type Reduce = (a: unknown, b: unknown) => unknown

/** What `sum`, `min` and `max` make of a key's elements: the first one, with the field replaced. */
export function fieldAggregation(kind: 'sum' | 'min' | 'max', field: PropertyKey): Reduce {
  const combine = COMBINE[kind]
  const copier = new ObjectCopier()
  return (a, b) => {
    const result = combine(fieldOf(a, field, kind), fieldOf(b, field, kind))
    // A copy, because the element in the state may be one that an operator before still holds.
    const copy = (Array.isArray(a) ? a.slice() : copier.copy(a as Fields)) as Fields
    copy[field] = result
    return copy
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
