import { type TypeDescription, typeToString } from '../../types/type-information.js'
import { fieldPath, indexPath, kindOf } from '../value-path.js'

/** A place where a value is not what its type says. */
export interface Mismatch {
  readonly path: string
  readonly expected: string
  readonly found: string
}

/** The first part of `value` that is not of its type; undefined if all are. Slow; for messages. */
export function findMismatch(
  type: TypeDescription,
  value: unknown,
  path = 'record',
): Mismatch | undefined {
  switch (type.kind) {
    case 'object':
      return inObject(type.fields, value, path) ?? undefined
    case 'tuple': {
      if (!isA(value, Array) || value.length !== type.elements.length) {
        return mismatch(type, value, path)
      }
      return first(type.elements, (element, i) => inArray(element, value, i, path))
    }
    case 'list': {
      if (!isA(value, Array)) return mismatch(type, value, path)
      for (let i = 0; i < value.length; i++) {
        const found = inArray(type.element, value, i, path)
        if (found !== undefined) return found
      }
      return undefined
    }
    case 'map': {
      if (!isA(value, Map)) return mismatch(type, value, path)
      return first([...value], ([key, element]) => {
        const name = typeof key === 'string' ? JSON.stringify(key) : String(key)
        return (
          findMismatch(type.key, key, `${path}.key(${name})`) ??
          findMismatch(type.value, element, `${path}.get(${name})`)
        )
      })
    }
    case 'optional':
      return value === undefined ? undefined : findMismatch(type.type, value, path)
    case 'union': {
      if (type.types.some((each) => findMismatch(each, value, path) === undefined)) return undefined
      return mismatch(type, value, path)
    }
    default:
      return isPrimitive(type, value) ? undefined : mismatch(type, value, path)
  }
}

function inObject(
  fields: readonly { name: string; type: TypeDescription }[],
  value: unknown,
  path: string,
): Mismatch | undefined {
  const isPlain = isA(value, Object) || (isObject(value) && Object.getPrototypeOf(value) === null)
  if (!isPlain) return { path, expected: 'a plain object', found: kindOf(value) }
  const names = new Set(fields.map((field) => field.name))
  const found = first(fields, ({ name, type }) => {
    if (!Object.hasOwn(value as object, name)) {
      if (type.kind === 'optional') return undefined
      return { path: fieldPath(path, name), expected: typeToString(type), found: 'absent' }
    }
    return findMismatch(type, (value as Record<string, unknown>)[name], fieldPath(path, name))
  })
  if (found !== undefined) return found
  for (const name in value as object) {
    if (!names.has(name)) {
      return { path: fieldPath(path, name), expected: 'no such field', found: 'there' }
    }
  }
  return undefined
}

function inArray(type: TypeDescription, value: unknown[], i: number, path: string) {
  if (i in value) return findMismatch(type, value[i], indexPath(path, i))
  return { path: indexPath(path, i), expected: typeToString(type), found: 'a hole' }
}

function isPrimitive(type: TypeDescription, value: unknown): boolean {
  switch (type.kind) {
    case 'string':
    case 'boolean':
      return typeof value === type.kind
    case 'double':
      return typeof value === 'number'
    case 'int':
      return typeof value === 'number' && (value | 0) === value
    case 'long':
      return typeof value === 'bigint' && BigInt.asIntN(64, value) === value
    case 'date':
      return isA(value, Date)
    case 'bytes':
      return isA(value, Uint8Array) || isA(value, Buffer)
    case 'enum':
      return new Set<unknown>(type.values).has(value)
    default:
      return false
  }
}

function mismatch(type: TypeDescription, value: unknown, path: string): Mismatch {
  const isShown = ['number', 'bigint', 'boolean'].includes(typeof value)
  const found = isShown ? `the ${typeof value} ${String(value)}` : kindOf(value)
  return { path, expected: typeToString(type), found }
}

function first<T>(
  parts: readonly T[],
  find: (part: T, index: number) => Mismatch | undefined,
): Mismatch | undefined {
  for (const [i, part] of parts.entries()) {
    const found = find(part, i)
    if (found !== undefined) return found
  }
  return undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isA<T>(value: unknown, type: new (...args: never[]) => T): value is T {
  return isObject(value) && Object.getPrototypeOf(value) === type.prototype
}
