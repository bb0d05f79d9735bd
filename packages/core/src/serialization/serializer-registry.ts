import assert from 'node:assert/strict'

/** How instances of one class travel: as data of any kind that can. */
export interface ClassSerializer<T extends object> {
  /** Stands for the class on the wire and in stored data; the same on every side, and for ever. */
  readonly name: string
  toData(value: T): unknown
  /** @throws anything if `data` is not what {@link toData} makes */
  fromData(data: unknown): T
}

type AnyClass<T extends object> = abstract new (...args: never[]) => T

/**
 * Serializers by class. An instance finds the serializer of its own class, not that of a base class.
 * Register before the first record is written.
 */
export class SerializerRegistry {
  readonly #byPrototype = new Map<unknown, ClassSerializer<object>>()
  readonly #byName = new Map<string, ClassSerializer<object>>()

  registerSerializer<T extends object>(type: AnyClass<T>, serializer: ClassSerializer<T>): this {
    assert(!this.#byName.has(serializer.name), `no other class is called ${serializer.name}`)
    // Narrower parameter: it is called for instances of `type` only.
    const stored = serializer as unknown as ClassSerializer<object>
    this.#byPrototype.set(type.prototype, stored)
    this.#byName.set(serializer.name, stored)
    return this
  }

  /** The names of the serializers, in the order in which they were registered. */
  get names(): readonly string[] {
    return [...this.#byName.keys()]
  }

  forClass<T extends object>(type: AnyClass<T>): ClassSerializer<object> | undefined {
    return this.#byPrototype.get(type.prototype)
  }

  forValue(value: object): ClassSerializer<object> | undefined {
    return this.#byPrototype.get(Object.getPrototypeOf(value))
  }

  forName(name: string): ClassSerializer<object> | undefined {
    return this.#byName.get(name)
  }
}
