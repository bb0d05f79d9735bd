import { type TypeDescription, typeToString } from '@flink-ts/core'
import {
  type Convert,
  fieldPath,
  hasDefault,
  Mismatch,
  missingField,
  type StateDefaults,
  setField,
} from './migration.js'

const REMEDY = 'declare the type that the values have, or keep the state dynamic'

/**
 * How values that describe themselves become values of a declared type: matched by field name, each looked at when it is
 * restored.
 *
 * @returns what throws a Mismatch at a value that does not fit
 */
export function migrateDynamic(
  declared: TypeDescription,
  path: string,
  defaults: StateDefaults,
): Convert {
  const unfit = (value: unknown) =>
    new Mismatch(path, { old: `a value that is ${kindOf(value)}`, new: declared }, REMEDY)
  const only = (fits: (value: unknown) => boolean): Convert => {
    return (value) => {
      if (!fits(value)) throw unfit(value)
      return value
    }
  }
  switch (declared.kind) {
    case 'string':
    case 'boolean':
      return only((value) => typeof value === declared.kind)
    case 'double':
      return only((value) => typeof value === 'number')
    case 'int':
      return only((value) => typeof value === 'number' && (value | 0) === value)
    case 'long':
      return (value) => {
        if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
        if (Number.isSafeInteger(value)) return BigInt(value as number)
        throw unfit(value)
      }
    case 'date':
      return only((value) => value instanceof Date)
    case 'bytes':
      return only((value) => value instanceof Uint8Array)
    case 'enum':
      return only((value) => declared.values.includes(value as string | number))
    case 'optional': {
      const convert = migrateDynamic(declared.type, path, defaults)
      return (value) => (value === undefined ? undefined : convert(value))
    }
    case 'union':
      return unionOf(declared.types, path, defaults, unfit)
    case 'list': {
      const element = migrateDynamic(declared.element, `${path}[]`, defaults)
      return (value) => {
        if (!Array.isArray(value)) throw unfit(value)
        return value.map(element)
      }
    }
    case 'tuple': {
      const parts = declared.elements.map((t, i) => migrateDynamic(t, `${path}[${i}]`, defaults))
      return (value) => {
        if (!Array.isArray(value) || value.length > parts.length) throw unfit(value)
        return parts.map((convert, i) => convert(value[i]))
      }
    }
    case 'map': {
      const key = migrateDynamic(declared.key, `${path}{key}`, defaults)
      const part = migrateDynamic(declared.value, `${path}{}`, defaults)
      return (value) => {
        if (!(value instanceof Map)) throw unfit(value)
        return new Map([...value].map(([k, v]) => [key(k), part(v)]))
      }
    }
    case 'object':
      return objectOf(declared, path, defaults, unfit)
  }
}

function unionOf(
  types: readonly TypeDescription[],
  path: string,
  defaults: StateDefaults,
  unfit: (value: unknown) => Mismatch,
): Convert {
  const alternatives = types.map((type) => migrateDynamic(type, path, defaults))
  return (value) => {
    for (const convert of alternatives) {
      try {
        return convert(value)
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error
      }
    }
    throw unfit(value)
  }
}

function objectOf(
  declared: Extract<TypeDescription, { kind: 'object' }>,
  path: string,
  defaults: StateDefaults,
  unfit: (value: unknown) => Mismatch,
): Convert {
  const fields = declared.fields.map((field) => {
    const at = fieldPath(path, field.name)
    return { field, at, convert: migrateDynamic(field.type, at, defaults) }
  })
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unfit(value)
    const made = {}
    for (const { field, at, convert } of fields) {
      const { name } = field
      const part = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
      if (part !== undefined) setField(made, name, convert(part))
      else if (hasDefault(defaults, at)) setField(made, name, defaults[at])
      else if (Object.hasOwn(value, name)) setField(made, name, convert(undefined))
      else if (missingField(field, path, defaults) !== undefined) throw unfit(value)
    }
    return made
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'object') return value.constructor?.name ?? 'an object'
  if (typeof value === 'number') return `the number ${value}`
  return typeof value
}

/** A type as messages name it. */
export function describeStateType(type: TypeDescription | string): string {
  return typeof type === 'string' ? type : typeToString(type)
}
