import { ObjectCopier } from '@flink-ts/core'
import fc from 'fast-check'
import t from 'tap'

t.test('ObjectCopier makes what a spread makes', async (t) => {
  const names = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a', 'b', '__proto__', 'constructor', '1', '"', "'", '\\', '\u2028'),
  )
  // As `Object.fromEntries` makes them, `__proto__` is a field like any other.
  const objects = fc
    .array(fc.tuple(names, fc.anything()), { maxLength: 6 })
    .map((fields) => Object.fromEntries(fields))
  fc.assert(
    fc.property(fc.array(objects, { minLength: 1, maxLength: 40 }), (values) => {
      const copier = new ObjectCopier()
      for (const value of [...values, ...values]) {
        const copy = copier.copy(value)
        t.not(copy, value)
        t.same(Object.entries(copy), Object.entries(value))
        t.equal(Object.getPrototypeOf(copy), Object.prototype)
        t.same(Object.entries(copier.copy(value)), Object.entries(value), 'by generated code too')
      }
    }),
    { numRuns: 30 },
  )
})

t.test('ObjectCopier copies the own fields of an object of a class', async (t) => {
  class Point {
    x = 1
  }
  const copier = new ObjectCopier()
  copier.copy({ x: 2 })
  const copy = copier.copy(new Point())
  t.same(copy, { x: 1 })
  t.equal(Object.getPrototypeOf(copy), Object.prototype)
})
