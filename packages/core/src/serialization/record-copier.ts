import { copyValue } from './copy-value.js'
import { MAX_SHAPE_FIELDS } from './dynamic/format.js'
import { type DeepCopyShape, generateDeepCopier } from './dynamic/generate-shape-code.js'
import type { SerializerRegistry } from './serializer-registry.js'

/** Objects that differ from the one before so often have no common shape worth generating code for. */
const MAX_GENERATED = 16
/** Records with more objects in each other than this, or in themselves, are copied the slow way from then on. */
const MAX_DEPTH = 16

/** Arrays of more elements are lists. */
const MAX_TUPLE = 8

/** A record was deeper than {@link MAX_DEPTH}. */
const TOO_DEEP = new Error('too deep')

/**
 * Copies the records of one stream, so that who gets a copy can change it. Fastest when they are plain objects and arrays
 * that all have the same fields: code is generated for them.
 *
 * What is copied and what is shared is said at {@link copyValue}; but plain objects that a record holds twice become two.
 */
export class RecordCopier {
  readonly #registry: SerializerRegistry | undefined
  readonly #root: PartCopier
  #isDeep = false

  /** @param registry serializers of the classes whose instances go through them */
  constructor(registry?: SerializerRegistry) {
    this.#registry = registry
    this.#root = new PartCopier(registry, 1)
  }

  copy(record: unknown): unknown {
    if (typeof record !== 'object' || record === null) return record
    if (this.#isDeep) return copyValue(record, this.#registry)
    try {
      return this.#root.copy(record)
    } catch (error) {
      if (error !== TOO_DEEP) throw error
      this.#isDeep = true
      return copyValue(record, this.#registry)
    }
  }
}

/** Copies what stands in one place of the records. */
class PartCopier {
  readonly #registry: SerializerRegistry | undefined
  readonly #depth: number
  readonly #parts: PartCopier[] = []
  #copyShape: DeepCopyShape | undefined
  #generated = 0

  constructor(registry: SerializerRegistry | undefined, depth: number) {
    this.#registry = registry
    this.#depth = depth
  }

  copy(value: object): unknown {
    if (this.#copyShape !== undefined) {
      const copy = this.#copyShape(value, this.#part)
      if (copy !== -1) return copy
    }
    if (Array.isArray(value)) return this.#copyArray(value)
    if (Object.getPrototypeOf(value) !== Object.prototype) return copyValue(value, this.#registry)
    return this.#copyOther(value)
  }

  readonly #part = (value: object, index: number): unknown => {
    let part = this.#parts[index]
    if (part === undefined) {
      if (this.#depth === MAX_DEPTH) throw TOO_DEEP
      part = new PartCopier(this.#registry, this.#depth + 1)
      this.#parts[index] = part
    }
    return part.copy(value)
  }

  #copyArray(value: readonly unknown[]): unknown[] {
    const { length } = value
    const array = new Array<unknown>(length)
    for (let i = 0; i < length; i++) {
      const element = value[i]
      if (typeof element === 'object' && element !== null) {
        // Those of a list have much in common, if anything; those of a tuple have places of their own.
        array[i] = this.#part(element, length <= MAX_TUPLE ? i : 0)
      } else if (element !== undefined || i in value) array[i] = element
    }
    return array
  }

  #copyOther(value: object): object {
    const names = Object.keys(value)
    if (this.#generated < MAX_GENERATED && names.length <= MAX_SHAPE_FIELDS) {
      this.#generated++
      this.#copyShape = generateDeepCopier(names)
    }
    const object = { ...value } as Record<string, unknown>
    names.forEach((name, i) => {
      const field = object[name]
      if (typeof field === 'object' && field !== null) object[name] = this.#part(field, i)
    })
    return object
  }
}
