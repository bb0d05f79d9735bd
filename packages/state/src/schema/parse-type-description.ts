import type { FieldDescription, TypeDescription } from '@flink-ts/core'

/** Types in each other, at most. */
const MAX_DEPTH = 200

/**
 * A type from its JSON form.
 *
 * @throws TypeError on anything that no `Types` makes
 */
export function parseTypeDescription(json: unknown): TypeDescription {
  return parse(json, 0)
}

function parse(json: unknown, depth: number): TypeDescription {
  if (depth > MAX_DEPTH) throw new TypeError('a type is nested too deeply')
  const type = (json ?? {}) as Record<string, unknown>
  const inner = (part: unknown) => parse(part, depth + 1)
  const kind = type['kind']
  switch (kind) {
    case 'string':
    case 'int':
    case 'long':
    case 'double':
    case 'boolean':
    case 'date':
    case 'bytes':
      return { kind }
    case 'tuple':
      return { kind, elements: list(type['elements']).map(inner) }
    case 'object':
      return { kind, fields: list(type['fields']).map((field) => parseField(field, inner)) }
    case 'list':
      return { kind, element: inner(type['element']) }
    case 'map':
      return { kind, key: inner(type['key']), value: inner(type['value']) }
    case 'optional':
      return { kind, type: inner(type['type']) }
    case 'union':
      return { kind, types: list(type['types']).map(inner) }
    case 'enum':
      return { kind, values: list(type['values']).map(enumValue) }
    default:
      throw new TypeError(`there is no type of kind ${JSON.stringify(kind)}`)
  }
}

function parseField(json: unknown, inner: (part: unknown) => TypeDescription): FieldDescription {
  const { name, type } = (json ?? {}) as Partial<FieldDescription>
  if (typeof name !== 'string') throw new TypeError('a field has no name')
  return { name, type: inner(type) }
}

function list(json: unknown): unknown[] {
  if (Array.isArray(json)) return json
  throw new TypeError('a part of a type is no list')
}

function enumValue(json: unknown): string | number {
  if (typeof json === 'string' || typeof json === 'number') return json
  throw new TypeError('a value of an enum is neither text nor number')
}
