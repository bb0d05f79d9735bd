import fc from 'fast-check'

const loneSurrogates = fc
  .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes))

export const textArbitrary = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 300 }),
  fc.constantFrom('', 'a', 'the', 'word', '\u00e9'.repeat(31), '\u00ff'.repeat(32), '\u0100'),
  loneSurrogates,
)

const primitive: fc.Arbitrary<unknown> = fc.oneof(
  textArbitrary,
  fc.integer(),
  fc.integer({ min: -200, max: 70000 }),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, 63, 64, 123, 124, -124, -125, 2 ** 31, -(2 ** 31), 2 ** 53),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }),
  fc.constantFrom(0n, -1n, null, undefined, true, false),
)

const builtIn: fc.Arbitrary<unknown> = fc.oneof(
  // Invalid dates have a test of their own: Node's deepStrictEqual says that no two of them are equal.
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 9 }),
  fc.float64Array({ maxLength: 4 }),
  fc.bigUint64Array({ maxLength: 3 }),
  fc.int16Array({ maxLength: 3 }).map((a) => new DataView(a.buffer)),
  fc.uint8Array({ maxLength: 9 }).map((a) => new Uint8Array(a).buffer),
  fc.constantFrom(/a+/gi, /[/\]\n]/u, new Error('broken'), new RangeError('too far')),
  fc.constantFrom(Object(1), Object('x'), Object(true), Object(1n)),
)

const name = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'length',
    '"',
    "'",
    '\n',
    '\u2028',
    '`$' + '{x}`',
  ),
  fc.constantFrom('0', '1', '17', 'a', 'b', '}; throw 1; {', '\ud800'),
)

function objectOf(entries: [string, unknown][]): object {
  const value = {}
  for (const [key, field] of entries) {
    Object.defineProperty(value, key, {
      value: field,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return value
}

/** Any value that can be cloned, without shared parts. */
export const valueArbitrary: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 6, arbitrary: primitive },
    { weight: 1, arbitrary: builtIn },
    { weight: 2, arbitrary: fc.array(tie('value'), { maxLength: 5 }) },
    {
      weight: 3,
      arbitrary: fc
        .uniqueArray(fc.tuple(name, tie('value')), { maxLength: 5, selector: ([key]) => key })
        .map(objectOf),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 })
        .map((e) => new Map(e)),
    },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((e) => new Set(e)) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(fc.nat(40), tie('value')), { maxLength: 4 }).map((entries) => {
        const sparse: unknown[] = []
        for (const [index, value] of entries) sparse[index] = value
        return sparse
      }),
    },
  ),
})).value

/** Records as streams have them: few shapes, words that repeat. */
export const recordArbitrary: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ word: textArbitrary, count: fc.integer() }),
  fc.record({ word: fc.option(textArbitrary), count: fc.double() }),
  fc.record({ id: fc.nat(), tags: fc.array(textArbitrary, { maxLength: 3 }) }),
  fc.record({ id: fc.nat(), at: fc.date({ noInvalidDate: true }) }, { requiredKeys: ['id'] }),
  fc.tuple(textArbitrary, fc.integer()),
)
