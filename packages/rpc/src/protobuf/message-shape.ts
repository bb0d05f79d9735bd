import assert from 'node:assert/strict'
import protobuf from 'protobufjs'
import { isScalarName, type ScalarName } from './scalar-values.js'

/** What one value of a field (or of an element of it) is. */
export type ValueShape =
  | { readonly kind: 'scalar'; readonly scalar: ScalarName }
  | {
      readonly kind: 'enum'
      readonly numbers: ReadonlyMap<string, number>
      readonly names: ReadonlyMap<number, string>
    }
  | { readonly kind: 'message'; readonly shape: MessageShape }

export interface FieldShape {
  /** camelCase. */
  readonly name: string
  /** `required`: always there in a valid plain object. `repeated` and `map` are always there too. */
  readonly rule: 'required' | 'optional' | 'repeated' | 'map'
  readonly value: ValueShape
  /** What a field without presence means when it is absent on the wire; undefined for messages. */
  readonly absent: unknown
}

/** What {@link MessageCodec} must know of a message type, computed once. */
export interface MessageShape {
  readonly fields: readonly FieldShape[]
  /** Each: its name, and the names of its members. */
  readonly oneofs: ReadonlyArray<{ readonly name: string; readonly members: readonly string[] }>
}

const shapes = new WeakMap<protobuf.Type, MessageShape>()

/** The shape of `type`, also when it contains itself. */
export function messageShape(type: protobuf.Type): MessageShape {
  const known = shapes.get(type)
  if (known !== undefined) return known
  const fields: FieldShape[] = []
  const oneofs = type.oneofsArray
    .filter((oneof) => !oneof.fieldsArray.some(isProto3Optional))
    .map((oneof) => ({ name: oneof.name, members: [...oneof.oneof] }))
  const shape: MessageShape = { fields, oneofs }
  // Before the fields, so that a type which contains itself finds its own shape.
  shapes.set(type, shape)
  for (const field of type.fieldsArray) fields.push(fieldShape(field))
  return shape
}

function fieldShape(field: protobuf.Field): FieldShape {
  field.resolve()
  assert(
    !(field instanceof protobuf.MapField) || field.keyType === 'string',
    `map ${field.fullName} has string keys`,
  )
  const value = valueShape(field)
  const rule =
    field instanceof protobuf.MapField
      ? 'map'
      : field.repeated
        ? 'repeated'
        : field.partOf || isProto3Optional(field)
          ? 'optional'
          : 'required'
  return { name: field.name, rule, value, absent: absentValue(value) }
}

function valueShape(field: protobuf.Field): ValueShape {
  const resolved = field.resolvedType
  if (resolved instanceof protobuf.Enum) {
    return {
      kind: 'enum',
      numbers: new Map(Object.entries(resolved.values)),
      names: new Map(Object.entries(resolved.valuesById).map(([id, name]) => [Number(id), name])),
    }
  }
  if (resolved instanceof protobuf.Type) return { kind: 'message', shape: messageShape(resolved) }
  assert(isScalarName(field.type), `${field.fullName} has a supported type, not ${field.type}`)
  return { kind: 'scalar', scalar: field.type }
}

function absentValue(value: ValueShape): unknown {
  if (value.kind === 'message') return undefined
  if (value.kind === 'enum') return 0
  if (value.scalar === 'string') return ''
  if (value.scalar === 'bool') return false
  if (value.scalar === 'bytes') return new Uint8Array()
  return 0
}

function isProto3Optional(field: protobuf.Field): boolean {
  const { proto3_optional: marked } = field.options ?? {}
  return marked === true
}
