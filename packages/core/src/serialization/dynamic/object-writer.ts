import type { SerializerRegistry } from '../serializer-registry.js'
import type { FieldState } from './field-state.js'
import {
  BUFFER_KIND,
  DATA_VIEW_KIND,
  ERROR_CLASSES,
  MAX_TUPLE_LENGTH,
  Tag,
  VIEW_CLASSES,
} from './format.js'
import { SHARED_PART, UNSUPPORTED, type ValueWriter } from './value-writer.js'

type WriteObject = (objects: ObjectWriter, value: never, p: number, field: FieldState) => number

const LINEAR_SEEN = 8

/**
 * Writes everything that is not a primitive: by shape where it can, else in the self-describing forms.
 * A record in which an object occurs twice is written as a graph: {@link SHARED_PART} says so, and
 * it is begun again with {@link startGraph}.
 */
export class ObjectWriter {
  readonly writer: ValueWriter
  readonly #registry: SerializerRegistry | undefined
  /** Objects of this record other than the outermost: the first few, then all. */
  readonly #seen: (object | undefined)[] = new Array<object | undefined>(LINEAR_SEEN).fill(
    undefined,
  )
  #seenCount = 0
  #seenMore: Set<object> | undefined
  /** Numbers of the objects of a record that is written as a graph. */
  #graph: Map<object, number> | undefined
  /** Instances of registered classes that are being written: they exist only after their data. */
  readonly #open = new Set<object>()

  constructor(writer: ValueWriter, registry: SerializerRegistry | undefined) {
    this.writer = writer
    this.#registry = registry
  }

  begin(): void {
    this.#seenCount = 0
    this.#seenMore = undefined
    this.#graph = undefined
    if (this.#open.size > 0) this.#open.clear()
  }

  startGraph(): void {
    this.begin()
    this.writer.isTouched = true
    this.#graph = new Map()
  }

  write(value: object, p: number, field: FieldState): number {
    if (this.#graph !== undefined) return this.#writeInGraph(value, p, field, this.#graph)
    if (this.writer.depth > 1) this.#trackOrThrow(value)
    const hint = field.shape
    if (hint !== undefined) {
      const end = hint.encode(this.writer, value, p, hint)
      if (end >= 0) return end
    }
    return this.#writeNew(value, p, field)
  }

  #writeNew(value: object, p: number, field: FieldState): number {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (
      prototype === Object.prototype ||
      (prototype === Array.prototype && (value as unknown[]).length <= MAX_TUPLE_LENGTH)
    ) {
      const end = this.writer.shapes.write(value, p, this.writer, field)
      if (end >= 0) return end
    }
    return this.#writeSelfDescribing(value, prototype, p, field)
  }

  #writeInGraph(value: object, p: number, field: FieldState, graph: Map<object, number>): number {
    const number = graph.get(value)
    if (number === undefined) {
      graph.set(value, graph.size)
      return this.#writeSelfDescribing(value, Object.getPrototypeOf(value), p, field)
    }
    if (this.#open.has(value)) throw UNSUPPORTED
    return this.writer.varint(number, this.writer.tag(Tag.Reference, p))
  }

  #writeSelfDescribing(value: object, prototype: unknown, p: number, field: FieldState): number {
    const write = prototype === null ? writePlainObject : WRITERS.get(prototype)
    if (write !== undefined) return write(this, value as never, p, field)
    const custom = this.#registry?.forValue(value)
    if (custom === undefined) throw UNSUPPORTED
    const at = this.writer.text(custom.name, this.writer.tag(Tag.Custom, p), this.writer.unnamed)
    this.writer.isTouched = true
    this.#open.add(value)
    const end = this.writer.any(custom.toData(value), at, field)
    this.#open.delete(value)
    return end
  }

  #trackOrThrow(value: object): void {
    const seen = this.#seen
    this.writer.hasParts = true
    if (this.#seenMore === undefined) {
      const count = this.#seenCount
      for (let i = 0; i < count; i++) if (seen[i] === value) throw SHARED_PART
      if (count < LINEAR_SEEN) {
        seen[count] = value
        this.#seenCount = count + 1
        return
      }
      this.#seenMore = new Set(seen as object[])
    }
    if (this.#seenMore.has(value)) throw SHARED_PART
    this.#seenMore.add(value)
  }
}

/** Whether this object itself, whatever it contains, can travel without a registered serializer. */
export function canWrite(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || WRITERS.has(prototype)
}

function writePlainObject(objects: ObjectWriter, value: object, p: number, f: FieldState): number {
  const { writer } = objects
  const names = Object.keys(value)
  let at = writer.varint(names.length, writer.tag(Tag.Object, p))
  for (const name of names) {
    at = writer.text(name, at, writer.unnamed)
    at = writer.any((value as Record<string, unknown>)[name], at, f)
  }
  return at
}

function writeArray(objects: ObjectWriter, value: unknown[], p: number, field: FieldState): number {
  const { writer } = objects
  for (let i = 0; i < value.length; i++) {
    if (value[i] === undefined && !(i in value)) return writeSparseArray(objects, value, p, field)
  }
  let at = writer.varint(value.length, writer.tag(Tag.Array, p))
  for (let i = 0; i < value.length; i++) at = writer.any(value[i], at, field)
  return at
}

function writeSparseArray(
  objects: ObjectWriter,
  value: unknown[],
  p: number,
  field: FieldState,
): number {
  const { writer } = objects
  const indices = Object.keys(value).filter(isIndex)
  let at = writer.varint(value.length, writer.tag(Tag.SparseArray, p))
  at = writer.varint(indices.length, at)
  for (const index of indices) {
    at = writer.any(value[Number(index)], writer.varint(Number(index), at), field)
  }
  return at
}

function isIndex(name: string): boolean {
  const index = Number(name)
  return index < 0xffffffff && String(index >>> 0) === name
}

function writeMap(objects: ObjectWriter, value: Map<unknown, unknown>, p: number): number {
  const { writer } = objects
  let at = writer.varint(value.size, writer.tag(Tag.Map, p))
  for (const [key, element] of value) {
    at = writer.any(key, at, writer.unnamed)
    at = writer.any(element, at, writer.unnamed)
  }
  return at
}

function writeSet(objects: ObjectWriter, value: Set<unknown>, p: number): number {
  const { writer } = objects
  let at = writer.varint(value.size, writer.tag(Tag.Set, p))
  for (const element of value) at = writer.any(element, at, writer.unnamed)
  return at
}

function writeDate(objects: ObjectWriter, value: Date, p: number): number {
  return objects.writer.double(value.getTime(), objects.writer.tag(Tag.Date, p))
}

function viewWriter(kind: number): WriteObject {
  return (objects: ObjectWriter, value: ArrayBufferView, p: number) => {
    const { writer } = objects
    const at = writer.tag(kind, writer.tag(Tag.View, p))
    const source = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    return writer.raw(source, writer.varint(source.length, at))
  }
}

function writeArrayBuffer(objects: ObjectWriter, value: ArrayBuffer, p: number): number {
  const { writer } = objects
  const at = writer.varint(value.byteLength, writer.tag(Tag.ArrayBuffer, p))
  return writer.raw(new Uint8Array(value), at)
}

function writeRegExp(objects: ObjectWriter, value: RegExp, p: number): number {
  const { writer } = objects
  const at = writer.text(value.source, writer.tag(Tag.RegExp, p), writer.unnamed)
  return writer.text(value.flags, at, writer.unnamed)
}

function errorWriter(index: number): WriteObject {
  return (objects: ObjectWriter, value: Error, p: number) => {
    const { writer } = objects
    const { unnamed } = writer
    let at = writer.tag(index, writer.tag(Tag.Error, p))
    at = writer.any(ownText(value, 'message'), at, unnamed)
    at = writer.any(ownText(value, 'stack'), at, unnamed)
    const hasCause = Object.hasOwn(value, 'cause')
    at = writer.boolean(hasCause, at)
    return hasCause ? writer.any(value.cause, at, unnamed) : at
  }
}

function ownText(value: Error, name: 'message' | 'stack'): string | undefined {
  return Object.hasOwn(value, name) ? String(value[name]) : undefined
}

function writeBoxed(objects: ObjectWriter, value: { valueOf(): unknown }, p: number): number {
  const { writer } = objects
  return writer.any(value.valueOf(), writer.tag(Tag.Boxed, p), writer.unnamed)
}

/** By prototype: an instance of a subclass is not what its base class would make of it. */
const WRITERS = new Map<unknown, WriteObject>([
  [Object.prototype, writePlainObject],
  [Array.prototype, writeArray],
  [Map.prototype, writeMap],
  [Set.prototype, writeSet],
  [Date.prototype, writeDate],
  [ArrayBuffer.prototype, writeArrayBuffer],
  [RegExp.prototype, writeRegExp],
  [DataView.prototype, viewWriter(DATA_VIEW_KIND)],
  [Buffer.prototype, viewWriter(BUFFER_KIND)],
  ...VIEW_CLASSES.map((view, kind): [unknown, WriteObject] => [view.prototype, viewWriter(kind)]),
  ...ERROR_CLASSES.map((error, i): [unknown, WriteObject] => [error.prototype, errorWriter(i)]),
  ...[Number, String, Boolean, BigInt].map((c): [unknown, WriteObject] => [
    c.prototype,
    writeBoxed,
  ]),
])
