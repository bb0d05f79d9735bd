import { inspect } from 'node:util'

/** An element as one line of text: strings as they are, other values as `util.inspect` shows them. */
export function lineOf(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      return inspect(value, { breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 8 })
  }
}
