import { TimedValue } from '@flink-ts/state'

/**
 * A value of a state as JSON that loses nothing a person would look for. What JSON has not is an object with one field
 * that begins with `$`: `$ttl` (a value with its last access), `$undefined`, `$number` (NaN, Infinity, -Infinity, -0), `$bigint`, `$date`, `$bytes` (base64), `$map`
 * (pairs), `$set`, `$regexp`, `$error`, `$circular`, `$class` (an instance, with its fields), `$object` (pairs: an object that has a
 * name of these forms itself).
 */
export function valueToJson(value: unknown): unknown {
  return convert(value, [])
}

function convert(value: unknown, above: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (Object.is(value, -0)) return { $number: '-0' }
      return Number.isFinite(value) ? value : { $number: String(value) }
    case 'bigint':
      return { $bigint: String(value) }
    case 'undefined':
      return { $undefined: true }
    default:
      if (value === null) return null
      return convertObject(value as object, above)
  }
}

function convertObject(value: object, above: readonly object[]): unknown {
  if (above.includes(value)) return { $circular: above.length - above.indexOf(value) }
  const path = [...above, value]
  const inner = (part: unknown) => convert(part, path)
  if (Array.isArray(value)) return Array.from(value, inner)
  if (value instanceof Date) {
    return { $date: Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString() }
  }
  if (value instanceof TimedValue) {
    const lastAccess = new Date(value.lastAccessMs).toISOString()
    return { $ttl: { lastAccess, value: inner(value.value) } }
  }
  if (value instanceof Map) return { $map: [...value].map(([k, v]) => [inner(k), inner(v)]) }
  if (value instanceof Set) return { $set: [...value].map(inner) }
  if (value instanceof ArrayBuffer) return { $bytes: Buffer.from(value).toString('base64') }
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    return { $bytes: bytes.toString('base64') }
  }
  if (value instanceof RegExp) return { $regexp: String(value) }
  if (value instanceof Error) return { $error: { name: value.name, message: value.message } }
  const fields = Object.entries(value).map(([name, field]) => [name, inner(field)] as const)
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (value.constructor as { name?: string } | undefined)?.name ?? ''
    return { $class: { name, fields: Object.fromEntries(fields) } }
  }
  const isAmbiguous = fields.some(([name]) => name.startsWith('$') || name === '__proto__')
  return isAmbiguous ? { $object: fields } : Object.fromEntries(fields)
}
