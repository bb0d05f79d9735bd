import protobuf from 'protobufjs'
import { RpcMessageError } from '../errors/rpc-message-error.js'
import {
  type FieldShape,
  type MessageShape,
  messageShape,
  type ValueShape,
} from './message-shape.js'
import { mismatch, plainScalar, scalarProblem } from './scalar-values.js'

/** Deeper nesting is refused: protobufjs' own limit, and a cycle in a message must end somewhere. */
const MAX_DEPTH = 100

/** Thrown inside and turned into an `RpcMessageError` at the border, once. */
class Invalid extends Error {
  readonly path: string

  constructor(path: string, problem: string) {
    super(problem)
    this.path = path
  }
}

type PlainObject = Record<string, unknown>
type Convert = (value: ValueShape, given: unknown, path: string, depth: number) => unknown

/** What a spare writer may hold on to after a large message, in bytes. */
const SPARE_WRITER_BYTES = 1 << 20

/**
 * The writer of the last message, with the memory that it has grown to. A new one for each message would double its
 * way up each time, and V8 pays for memory outside of its heap with full collections.
 */
let spareWriter: protobuf.Writer | undefined

function encodeWire(type: protobuf.Type, wire: PlainObject): Uint8Array {
  const writer = spareWriter ?? protobuf.Writer.create()
  // Not put back if it fails: it would be in the middle of a message.
  spareWriter = undefined
  const bytes = type.encode(wire, writer).finish()
  if (bytes.length <= SPARE_WRITER_BYTES) spareWriter = writer.reset()
  return bytes
}

/**
 * Converts one message type between plain objects and protobuf bytes and refuses what is not
 * valid, in both directions, naming the field.
 */
export class MessageCodec {
  readonly #type: protobuf.Type
  readonly #shape: MessageShape
  readonly #subject: string

  /** `subject` names method and direction in errors. */
  constructor(type: protobuf.Type, subject: string) {
    this.#type = type
    this.#shape = messageShape(type)
    this.#subject = subject
  }

  /** @throws RpcMessageError */
  encode(message: object): Uint8Array {
    return this.#guard(() => {
      const wire = convertMessage(this.#shape, message, '', 0, valueToWire, missingOnEncode)
      return encodeWire(this.#type, wire)
    })
  }

  /** @throws RpcMessageError */
  decode(bytes: Uint8Array): object {
    return this.#guard(() => {
      const wire = this.#type.decode(bytes)
      return convertMessage(this.#shape, wire, '', 0, valueFromWire, missingOnDecode)
    })
  }

  #guard<T>(convert: () => T): T {
    try {
      return convert()
    } catch (error) {
      if (error instanceof Invalid) {
        throw new RpcMessageError({
          subject: this.#subject,
          field: error.path,
          problem: error.message,
        })
      }
      throw new RpcMessageError({
        subject: this.#subject,
        field: '',
        problem: `not a valid ${this.#type.fullName.slice(1)}: ${error instanceof Error ? error.message : String(error)}`,
        cause: error,
      })
    }
  }
}

function convertMessage(
  shape: MessageShape,
  given: unknown,
  path: string,
  depth: number,
  convert: Convert,
  onMissing: (field: FieldShape, path: string) => unknown,
): PlainObject {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new Invalid(path, mismatch('a message object', given))
  }
  if (depth > MAX_DEPTH) throw new Invalid(path, `is nested more than ${MAX_DEPTH} messages deep`)
  const source = given as PlainObject
  const result: PlainObject = {}
  for (const field of shape.fields) {
    const fieldPath = path === '' ? field.name : `${path}.${field.name}`
    // Own properties only: protobufjs keeps defaults on the prototype of what it decodes.
    const value = Object.hasOwn(source, field.name) ? source[field.name] : undefined
    if (field.rule === 'repeated') {
      result[field.name] = convertList(field, value, fieldPath, depth, convert, onMissing)
    } else if (field.rule === 'map') {
      result[field.name] = convertMap(field, value, fieldPath, depth, convert, onMissing)
    } else if (value !== undefined) {
      result[field.name] = convert(field.value, value, fieldPath, depth)
    } else if (field.rule === 'required') {
      const absent = onMissing(field, fieldPath)
      result[field.name] = convert(field.value, absent, fieldPath, depth)
    }
  }
  for (const oneof of shape.oneofs) {
    const set = oneof.members.filter((member) => result[member] !== undefined)
    if (set.length === 1) continue
    throw new Invalid(
      path,
      `must have exactly one of ${oneof.members.join(', ')} (oneof ${oneof.name}) but has ` +
        (set.length === 0 ? 'none' : set.join(' and ')),
    )
  }
  return result
}

function convertList(
  field: FieldShape,
  given: unknown,
  path: string,
  depth: number,
  convert: Convert,
  onMissing: (field: FieldShape, path: string) => unknown,
): unknown[] {
  const list = given === undefined ? onMissing(field, path) : given
  if (!Array.isArray(list)) throw new Invalid(path, mismatch('an array', list))
  return list.map((element: unknown, i) => convert(field.value, element, `${path}[${i}]`, depth))
}

function convertMap(
  field: FieldShape,
  given: unknown,
  path: string,
  depth: number,
  convert: Convert,
  onMissing: (field: FieldShape, path: string) => unknown,
): PlainObject {
  const map = given === undefined ? onMissing(field, path) : given
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw new Invalid(path, mismatch('an object', map))
  }
  const result: PlainObject = {}
  for (const [key, value] of Object.entries(map)) {
    // Assigning it would set the prototype of whatever copies this map.
    if (key === '__proto__') throw new Invalid(path, 'must not have the key "__proto__"')
    result[key] = convert(field.value, value, `${path}[${JSON.stringify(key)}]`, depth)
  }
  return result
}

function missingOnEncode(_field: FieldShape, path: string): never {
  throw new Invalid(path, 'is missing')
}

function missingOnDecode(field: FieldShape, path: string): unknown {
  if (field.rule === 'repeated') return []
  if (field.rule === 'map') return {}
  if (field.value.kind === 'message') throw new Invalid(path, 'is missing')
  return field.absent
}

function valueToWire(value: ValueShape, given: unknown, path: string, depth: number): unknown {
  if (value.kind === 'message') {
    return convertMessage(value.shape, given, path, depth + 1, valueToWire, missingOnEncode)
  }
  if (value.kind === 'enum') {
    const number = typeof given === 'string' ? value.numbers.get(given) : undefined
    if (number === undefined) {
      throw new Invalid(path, mismatch(`one of ${[...value.numbers.keys()].join(', ')}`, given))
    }
    return number
  }
  const problem = scalarProblem(value.scalar, given)
  if (problem !== undefined) throw new Invalid(path, problem)
  return given
}

function valueFromWire(value: ValueShape, given: unknown, path: string, depth: number): unknown {
  if (value.kind === 'message') {
    return convertMessage(value.shape, given, path, depth + 1, valueFromWire, missingOnDecode)
  }
  if (value.kind === 'enum') {
    const name = value.names.get(given as number)
    if (name === undefined) {
      throw new Invalid(path, `has the unknown number ${String(given)} of its enum`)
    }
    return name
  }
  const plain = plainScalar(value.scalar, given)
  const problem = scalarProblem(value.scalar, plain)
  if (problem !== undefined) throw new Invalid(path, problem)
  return plain
}
