import { MAX_SHAPE_FIELDS } from './dynamic/format.js'
import { type CopyShape, generateCopier } from './dynamic/generate-shape-code.js'

/** Objects that differ from the one before so often have no common shape worth generating code for. */
const MAX_GENERATED = 16

/**
 * Makes shallow copies of plain objects, fastest when they all have the same fields: code for that shape is
 * generated. A copy `{ ...value }` has, in V8, a hidden class of its own; copying copies of copies, as a
 * running aggregation does, makes one after the other and all code that sees them slow.
 *
 * Fields whose names are symbols may be left behind: they cannot travel either.
 */
export class ObjectCopier {
  #copyShape: CopyShape | undefined
  #generated = 0

  /** @returns a plain object with the own enumerable fields of `value` */
  copy(value: object): object {
    if (this.#copyShape !== undefined) {
      const copy = this.#copyShape(value)
      if (copy !== -1) return copy
    }
    return this.#copyOther(value)
  }

  #copyOther(value: object): object {
    const names = Object.keys(value)
    if (this.#generated < MAX_GENERATED && names.length <= MAX_SHAPE_FIELDS) {
      this.#generated++
      this.#copyShape = generateCopier(names)
    }
    return { ...value }
  }
}
