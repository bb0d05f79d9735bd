/** Elements of an array (or entries of a Map) that are looked at; the others count as much as these on average. */
const SAMPLES = 32
/** Deeper values count as {@link DEEP_BYTES}: cycles end here. */
const MAX_DEPTH = 8
const DEEP_BYTES = 64

/**
 * About how many bytes of V8's heap a value takes beside the reference to it; rather too many than too few: a string
 * that several values share counts for each.
 */
export function heapBytesOf(value: unknown, depth = 0): number {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value ? 0 : 16
    case 'string':
      return 24 + value.length * (value.charCodeAt(value.length >> 1) > 0xff ? 2 : 1)
    case 'bigint':
      return 24 + (value.toString(16).length >> 1)
    case 'object':
      if (value === null) return 0
      return depth > MAX_DEPTH ? DEEP_BYTES : objectBytes(value, depth + 1)
    default:
      return 0
  }
}

function objectBytes(value: object, depth: number): number {
  if (Array.isArray(value)) return 48 + 8 * value.length + sampledBytes(value, depth)
  if (value instanceof Date) return 112
  if (ArrayBuffer.isView(value)) return 200 + value.byteLength
  if (value instanceof ArrayBuffer) return 100 + value.byteLength
  if (value instanceof Map) return 128 + 64 * value.size + entryBytes(value, depth)
  if (value instanceof Set) return 128 + 48 * value.size + entryBytes(value, depth)
  let bytes = 32
  for (const name in value) {
    bytes += 8 + heapBytesOf((value as Record<string, unknown>)[name], depth)
  }
  return bytes
}

function sampledBytes(values: readonly unknown[], depth: number): number {
  const step = Math.max(1, Math.floor(values.length / SAMPLES))
  let bytes = 0
  for (let i = 0; i < values.length; i += step) bytes += heapBytesOf(values[i], depth)
  return bytes * step
}

function entryBytes(
  values: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>,
  depth: number,
): number {
  let bytes = 0
  let seen = 0
  for (const [key, value] of values.entries()) {
    bytes += heapBytesOf(key, depth) + (key === value ? 0 : heapBytesOf(value, depth))
    if (++seen === SAMPLES) break
  }
  return seen === 0 ? 0 : Math.ceil((bytes / seen) * values.size)
}
