declare const valueType: unique symbol

/**
 * A declared type as plain data: it can be stored and sent as JSON. Made by {@link Types}.
 * The fields of an object are a list, so that any name is data and the order is kept.
 */
export type TypeDescription =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeDescription[] }
  | { readonly kind: 'object'; readonly fields: readonly FieldDescription[] }
  | { readonly kind: 'list'; readonly element: TypeDescription }
  | { readonly kind: 'map'; readonly key: TypeDescription; readonly value: TypeDescription }
  | { readonly kind: 'optional'; readonly type: TypeDescription }
  | { readonly kind: 'union'; readonly types: readonly TypeDescription[] }
  | { readonly kind: 'enum'; readonly values: readonly (string | number)[] }

export type PrimitiveKind = 'string' | 'int' | 'long' | 'double' | 'boolean' | 'date' | 'bytes'

export interface FieldDescription {
  readonly name: string
  readonly type: TypeDescription
}

/** A {@link TypeDescription} of which TypeScript knows the type of the values. */
export type TypeInformation<T> = TypeDescription & { readonly [valueType]?: (value: T) => T }

/** The values that a declared type describes: `TypeOf<typeof orderType>`. */
export type TypeOf<I> = I extends { readonly [valueType]?: (value: infer T) => unknown } ? T : never

/** Whether two types describe the same values; fields of objects count in any order. */
export function typesEqual(a: TypeDescription, b: TypeDescription): boolean {
  return typeToString(a, 'sorted') === typeToString(b, 'sorted')
}

/** A type as text for messages: `{word: string, count: int}`. */
export function typeToString(
  type: TypeDescription,
  order: 'declared' | 'sorted' = 'declared',
): string {
  const all = (types: readonly TypeDescription[]) => types.map((t) => typeToString(t, order))
  switch (type.kind) {
    case 'tuple':
      return `[${all(type.elements).join(', ')}]`
    case 'object': {
      const fields = type.fields.map((f) => `${nameToText(f.name)}: ${typeToString(f.type, order)}`)
      return `{${(order === 'sorted' ? fields.sort() : fields).join(', ')}}`
    }
    case 'list':
      return `list<${typeToString(type.element, order)}>`
    case 'map':
      return `map<${typeToString(type.key, order)}, ${typeToString(type.value, order)}>`
    case 'optional':
      return `optional<${typeToString(type.type, order)}>`
    case 'union':
      return `(${all(type.types).join(' | ')})`
    case 'enum':
      return `enum(${type.values.map((value) => JSON.stringify(value)).join(', ')})`
    case 'string':
    case 'int':
    case 'long':
    case 'double':
    case 'boolean':
    case 'date':
    case 'bytes':
      return type.kind
  }
}

function nameToText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name)
}
