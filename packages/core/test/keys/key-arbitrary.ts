import fc from 'fast-check'

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.array(fc.integer({ min: 0xd7ff, max: 0xe000 })).map((codes) => String.fromCharCode(...codes)),
  fc.integer(),
  fc.constantFrom(0, -0, 1, Number.NaN, 1n, 0n, -1n, '1', true, '', false),
  fc.double(),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 8 }),
)

/** Any value that may be a key. */
export const keyArbitrary: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  key: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    { weight: 1, arbitrary: fc.array(tie('key'), { maxLength: 3 }) },
    {
      weight: 1,
      arbitrary: fc.dictionary(fc.string({ maxLength: 3 }), tie('key'), { maxKeys: 3 }),
    },
  ),
})).key

/** Equality of keys, written down independently of their canonical bytes. */
export function sameKey(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return sameValueZero(a, b)
  if (a === null || b === null) return a === b
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && sameValueZero(a.getTime(), b.getTime())
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  return names.every((name) => Object.hasOwn(right, name) && sameKey(left[name], right[name]))
}

function sameValueZero(a: unknown, b: unknown): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b))
}
