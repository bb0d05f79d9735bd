const INTEGER_RANGES = {
  int32: [-0x8000_0000, 0x7fff_ffff],
  sint32: [-0x8000_0000, 0x7fff_ffff],
  sfixed32: [-0x8000_0000, 0x7fff_ffff],
  uint32: [0, 0xffff_ffff],
  fixed32: [0, 0xffff_ffff],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sint64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  sfixed64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  uint64: [0, Number.MAX_SAFE_INTEGER],
  fixed64: [0, Number.MAX_SAFE_INTEGER],
} as const

export type ScalarName =
  | keyof typeof INTEGER_RANGES
  | 'double'
  | 'float'
  | 'bool'
  | 'string'
  | 'bytes'

export function isScalarName(name: string): name is ScalarName {
  return Object.hasOwn(INTEGER_RANGES, name) || /^(double|float|bool|string|bytes)$/.test(name)
}

/** What is wrong with `value` as a plain value of the proto type `scalar`; undefined if nothing. */
export function scalarProblem(scalar: ScalarName, value: unknown): string | undefined {
  switch (scalar) {
    case 'string':
      return typeof value === 'string' ? undefined : mismatch('a string', value)
    case 'bool':
      return typeof value === 'boolean' ? undefined : mismatch('a boolean', value)
    case 'bytes':
      return value instanceof Uint8Array ? undefined : mismatch('a Uint8Array', value)
    case 'double':
    case 'float':
      return typeof value === 'number' ? undefined : mismatch('a number', value)
    default: {
      const [min, max] = INTEGER_RANGES[scalar]
      if (typeof value !== 'number') return mismatch('an integer', value)
      if (Number.isInteger(value) && value >= min && value <= max) return undefined
      return `must be an integer from ${min} to ${max} (${scalar}) but is ${value}`
    }
  }
}

/** The plain value of what protobufjs decoded: no `Long`, no `Buffer`. */
export function plainScalar(scalar: ScalarName, value: unknown): unknown {
  // 64-bit fields arrive as Long; beyond the safe range its number is no longer exact but still
  // beyond the range, so scalarProblem refuses it.
  if (isLong(value)) return value.toNumber()
  if (scalar === 'bytes' && value instanceof Uint8Array) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  }
  return value
}

/** `must be … but is …`, for a value of the wrong type. */
export function mismatch(expected: string, value: unknown): string {
  return `must be ${expected} but is ${describe(value)}`
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no class'})`
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  if (typeof value === 'function') return 'a function'
  return String(value)
}

function isLong(value: unknown): value is { toNumber(): number } {
  return typeof value === 'object' && value !== null && 'low' in value && 'toNumber' in value
}
