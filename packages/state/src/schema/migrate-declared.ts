import { type TypeDescription, typesEqual } from '@flink-ts/core'
import {
  type Convert,
  fieldPath,
  hasDefault,
  Mismatch,
  missingField,
  type StateDefaults,
  setField,
} from './migration.js'

type OfKind<K extends TypeDescription['kind']> = Extract<TypeDescription, { kind: K }>

/**
 * How values of one declared type become values of another: fields may come (optional, or with a default) and go,
 * and types may widen.
 *
 * @returns undefined: as they are
 * @throws Mismatch
 */
export function migrateDeclared(
  old: TypeDescription,
  declared: TypeDescription,
  path: string,
  defaults: StateDefaults,
): Convert | undefined {
  if (typesEqual(old, declared)) return undefined
  if (declared.kind === 'optional') return toOptional(old, declared, path, defaults)
  if (old.kind === 'optional') return fromOptional(old, declared, path, defaults)
  if (declared.kind === 'union') return toUnion(old, declared, path, defaults)
  if (old.kind === 'object' && declared.kind === 'object') {
    return toObject(old, declared, path, defaults)
  }
  if (old.kind === 'tuple' && declared.kind === 'tuple') {
    return toTuple(old, declared, path, defaults)
  }
  if (old.kind === 'list' && declared.kind === 'list') {
    const element = migrateDeclared(old.element, declared.element, `${path}[]`, defaults)
    return element && ((value) => (value as unknown[]).map(element))
  }
  if (old.kind === 'map' && declared.kind === 'map') return toMap(old, declared, path, defaults)
  return widen(old, declared, path)
}

function widen(old: TypeDescription, declared: TypeDescription, path: string): Convert | undefined {
  if (old.kind === 'int' && declared.kind === 'double') return undefined
  if (old.kind === 'int' && declared.kind === 'long') return (value) => BigInt(value as number)
  if (old.kind === 'enum') {
    if (declared.kind === 'enum') {
      const lost = old.values.filter((value) => !declared.values.includes(value))
      if (lost.length === 0) return undefined
      const names = lost.map((value) => JSON.stringify(value)).join(', ')
      throw mismatch(old, declared, path, `keep the values ${names}, which the state may hold`)
    }
    if (old.values.every((value) => isOfPrimitive(value, declared.kind))) return undefined
  }
  const remedy =
    'types may only widen (int to long or double, T to optional<T>, more enum values, more alternatives of a union): ' +
    'keep the old type, or give the state another name'
  throw mismatch(old, declared, path, remedy)
}

function isOfPrimitive(value: string | number, kind: TypeDescription['kind']): boolean {
  if (typeof value === 'string') return kind === 'string'
  return kind === 'double' || (kind === 'int' && (value | 0) === value)
}

function toOptional(
  old: TypeDescription,
  declared: OfKind<'optional'>,
  path: string,
  defaults: StateDefaults,
): Convert | undefined {
  if (old.kind !== 'optional') return migrateDeclared(old, declared.type, path, defaults)
  const convert = migrateDeclared(old.type, declared.type, path, defaults)
  return convert && ((value) => (value === undefined ? undefined : convert(value)))
}

function fromOptional(
  old: OfKind<'optional'>,
  declared: TypeDescription,
  path: string,
  defaults: StateDefaults,
): Convert {
  if (!hasDefault(defaults, path)) {
    const remedy = `values without it may be stored: keep Types.optional(…), or give a default for "${path}"`
    throw mismatch(old, declared, path, remedy)
  }
  const convert = migrateDeclared(old.type, declared, path, defaults)
  return (value) => {
    if (value === undefined) return defaults[path]
    return convert === undefined ? value : convert(value)
  }
}

function toUnion(
  old: TypeDescription,
  declared: OfKind<'union'>,
  path: string,
  defaults: StateDefaults,
): Convert | undefined {
  const has = (type: TypeDescription) => declared.types.some((known) => typesEqual(type, known))
  if (old.kind === 'union') {
    const lost = old.types.find((type) => !has(type))
    if (lost === undefined) return undefined
    throw mismatch(old, declared, path, 'keep all alternatives of the union')
  }
  if (has(old)) return undefined
  for (const alternative of declared.types) {
    try {
      return migrateDeclared(old, alternative, path, defaults)
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error
    }
  }
  throw mismatch(old, declared, path, 'add the old type to the alternatives of the union')
}

function toObject(
  old: OfKind<'object'>,
  declared: OfKind<'object'>,
  path: string,
  defaults: StateDefaults,
): Convert {
  const fields = declared.fields.map((field) => {
    const { name, type } = field
    const stored = old.fields.find((candidate) => candidate.name === name)
    if (stored === undefined) return { name, missing: missingField(field, path, defaults) }
    const convert = migrateDeclared(stored.type, type, fieldPath(path, name), defaults)
    // An optional field may be absent; whether that becomes a default is for its conversion to say.
    const missing =
      stored.type.kind === 'optional' && type.kind !== 'optional' ? convert : undefined
    return { name, convert, missing }
  })
  return (value) => {
    const made = {}
    for (const { name, convert, missing } of fields) {
      if (Object.hasOwn(value as object, name)) {
        const part = (value as Record<string, unknown>)[name]
        setField(made, name, convert === undefined ? part : convert(part))
      } else if (missing !== undefined) setField(made, name, missing(undefined))
    }
    return made
  }
}

function toTuple(
  old: OfKind<'tuple'>,
  declared: OfKind<'tuple'>,
  path: string,
  defaults: StateDefaults,
): Convert {
  if (declared.elements.length < old.elements.length) {
    throw mismatch(old, declared, path, 'a tuple may only get further elements, at its end')
  }
  const parts = declared.elements.map((type, i) => {
    const at = `${path}[${i}]`
    const stored = old.elements[i]
    if (stored !== undefined) return migrateDeclared(stored, type, at, defaults)
    if (hasDefault(defaults, at)) return () => defaults[at]
    if (type.kind === 'optional') return undefined
    const remedy = `declare it as Types.optional(…), or give a default for "${at}"`
    throw new Mismatch(at, { old: 'not there', new: type }, remedy)
  })
  return (value) =>
    parts.map((convert, i) => {
      const part = (value as unknown[])[i]
      return convert === undefined ? part : convert(part)
    })
}

function toMap(
  old: OfKind<'map'>,
  declared: OfKind<'map'>,
  path: string,
  defaults: StateDefaults,
): Convert | undefined {
  const key = migrateDeclared(old.key, declared.key, `${path}{key}`, defaults)
  const value = migrateDeclared(old.value, declared.value, `${path}{}`, defaults)
  if (key === undefined && value === undefined) return undefined
  return (map) => {
    const made = new Map<unknown, unknown>()
    for (const [k, v] of map as Map<unknown, unknown>) {
      made.set(key === undefined ? k : key(k), value === undefined ? v : value(v))
    }
    return made
  }
}

function mismatch(
  old: TypeDescription,
  declared: TypeDescription,
  path: string,
  remedy: string,
): Mismatch {
  return new Mismatch(path, { old, new: declared }, remedy)
}
