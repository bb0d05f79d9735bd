import type { SerializerRegistry } from './serializer-registry.js'

/**
 * A copy of `value` that shares nothing with it that can change. Parts that it holds twice are one part in the copy too.
 *
 * Instances of a class with a serializer go through that. Instances of other classes keep their class and get copies of
 * their fields; those that cannot be copied so, because they have `#private` members or extend a class of the platform,
 * are shared, as are functions and what only the platform can make, such as promises.
 */
export function copyValue<T>(value: T, registry?: SerializerRegistry): T {
  return copy(value, new Map(), registry) as T
}

type Copies = Map<object, unknown>

function copy(value: unknown, copies: Copies, registry: SerializerRegistry | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  const part = (inner: unknown) => copy(inner, copies, registry)
  if (Array.isArray(value)) {
    const array = value.slice()
    copies.set(value, array)
    // Holes stay holes.
    for (const i of array.keys()) if (i in array) array[i] = part(array[i])
    return array
  }
  const own = registry?.forValue(value)
  if (own !== undefined) {
    const made = own.fromData(part(own.toData(value)))
    copies.set(value, made)
    return made
  }
  return COPY[kindOf(value)](value, copies, part)
}

type Kind = 'plain' | 'map' | 'set' | 'date' | 'bytes' | 'cloned' | 'fields' | 'shared'

const COPY: Record<
  Kind,
  (value: object, copies: Copies, part: (v: unknown) => unknown) => unknown
> = {
  plain(value, copies, part) {
    // The spread makes own fields of names such as `__proto__`.
    const object = { ...value } as Record<string, unknown>
    copies.set(value, object)
    for (const key of Object.keys(object)) {
      const field = object[key]
      if (typeof field === 'object' && field !== null) object[key] = part(field)
    }
    return object
  },
  map(value, copies, part) {
    const map = new Map()
    copies.set(value, map)
    for (const [k, v] of value as Map<unknown, unknown>) map.set(part(k), part(v))
    return map
  },
  set(value, copies, part) {
    const set = new Set()
    copies.set(value, set)
    for (const element of value as Set<unknown>) set.add(part(element))
    return set
  },
  date: (value) => new Date((value as Date).getTime()),
  bytes: (value) => (Buffer.isBuffer(value) ? Buffer.from(value) : (value as Uint8Array).slice()),
  cloned(value, copies) {
    let clone: unknown
    try {
      clone = structuredClone(value)
    } catch {
      // Only the platform can make one: it is shared, as documented.
      clone = value
    }
    copies.set(value, clone)
    return clone
  },
  fields(value, copies, part) {
    const object = Object.create(Object.getPrototypeOf(value) as object) as object
    copies.set(value, object)
    for (const key of Reflect.ownKeys(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, key)!
      if ('value' in descriptor) descriptor.value = part(descriptor.value)
      Object.defineProperty(object, key, descriptor)
    }
    return object
  },
  shared: (value) => value,
}

const kinds = new WeakMap<object, Kind>([
  [Object.prototype, 'plain'],
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [Date.prototype, 'date'],
])

function kindOf(value: object): Kind {
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === null) return 'plain'
  let kind = kinds.get(prototype)
  if (kind === undefined) {
    kind = kindOfPrototype(prototype, value)
    kinds.set(prototype, kind)
  }
  return kind
}

function kindOfPrototype(prototype: object, value: object): Kind {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return 'bytes'
  if (isOfPlatform(prototype)) return 'cloned'
  let ancestor: object | null = prototype
  while (ancestor !== null && ancestor !== Object.prototype) {
    if (isOfPlatform(ancestor) || hasHiddenMembers(ancestor)) return 'shared'
    ancestor = Object.getPrototypeOf(ancestor) as object | null
  }
  return 'fields'
}

function sourceOf(prototype: object): string {
  const made: unknown = prototype.constructor
  return typeof made === 'function' ? Function.prototype.toString.call(made) : ''
}

function isOfPlatform(prototype: object): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(sourceOf(prototype))
}

function hasHiddenMembers(prototype: object): boolean {
  const source = sourceOf(prototype)
  return source.startsWith('class') && /[\s{;(.]#(?!\$\{)[A-Za-z_$]/.test(source)
}
