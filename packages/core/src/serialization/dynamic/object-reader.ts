import { MalformedDataError } from '../malformed-data-error.js'
import type { SerializerRegistry } from '../serializer-registry.js'
import {
  BUFFER_KIND,
  DATA_VIEW_KIND,
  ERROR_CLASSES,
  FieldKind,
  MAX_SCHEMA_CHARS,
  MAX_SHAPE_FIELDS,
  MAX_SHAPES,
  Tag,
  VIEW_CLASSES,
} from './format.js'
import { type DecodeShape, generateDecoder } from './generate-shape-code.js'
import type { ValueReader } from './value-reader.js'

/** Reads everything that is not a primitive, and holds the shapes of a channel. */
export class ObjectReader {
  readonly #reader: ValueReader
  readonly #registry: SerializerRegistry | undefined
  #shapes: DecodeShape[] = []
  /** Objects of the record by number, while it is one that was written as a graph. */
  #graph: (object | undefined)[] | undefined

  constructor(reader: ValueReader, registry: SerializerRegistry | undefined) {
    this.#reader = reader
    this.#registry = registry
  }

  begin(): void {
    this.#graph = undefined
  }

  clearShapes(): void {
    this.#shapes = []
  }

  readShape(number: number): object {
    const decode = this.#shapes[number]
    if (decode === undefined || this.#graph !== undefined) return this.#reader.bad('shape')
    this.#reader.enter()
    const value = decode(this.#reader)
    this.#reader.leave()
    return value
  }

  read(tag: number): unknown {
    const reader = this.#reader
    if (tag === Tag.NewShape) return this.readShape(this.#schema())
    if (tag === Tag.Graph) return this.#startGraph()
    reader.enter()
    const value = this.#readTagged(tag)
    reader.leave()
    return value
  }

  #readTagged(tag: number): unknown {
    switch (tag) {
      case Tag.Object:
        return this.#object()
      case Tag.Array:
        return this.#array()
      case Tag.SparseArray:
        return this.#sparseArray()
      case Tag.Map:
        return this.#map()
      case Tag.Set:
        return this.#set()
      case Tag.Date:
        return this.#numbered(new Date(this.#reader.double()))
      case Tag.View:
        return this.#numbered(this.#view())
      case Tag.ArrayBuffer:
        return this.#numbered(this.#copy(this.#reader.count(1)))
      case Tag.RegExp:
        return this.#numbered(this.#regExp())
      case Tag.Error:
        return this.#error()
      case Tag.Boxed:
        return this.#boxed()
      case Tag.Custom:
        return this.#custom()
      case Tag.Reference:
        return this.#graph?.[this.#reader.varint()] ?? this.#reader.bad('reference')
      default:
        return this.#reader.bad('tag')
    }
  }

  #numbered<T extends object>(value: T): T {
    this.#graph?.push(value)
    return value
  }

  #startGraph(): unknown {
    if (this.#graph !== undefined) this.#reader.bad('graph')
    this.#graph = []
    const value = this.#reader.any()
    this.#graph = undefined
    return value
  }

  #schema(): number {
    const reader = this.#reader
    const number = reader.varint()
    if (number >= MAX_SHAPES || number > this.#shapes.length) reader.bad('shape number')
    const structure = reader.byte()
    if (structure > 1) reader.bad('structure')
    const isTuple = structure === 1
    const fieldCount = reader.count(1)
    if (fieldCount > MAX_SHAPE_FIELDS) reader.bad('number of fields')
    const kinds: FieldKind[] = []
    const names: string[] = []
    let chars = 0
    for (let i = 0; i < fieldCount; i++) {
      const kind = reader.byte()
      if (kind > FieldKind.Boolean) reader.bad('kind of field')
      kinds.push(kind as FieldKind)
      const name = isTuple ? String(i) : reader.plainText()
      names.push(name)
      chars += name.length
      if (chars > MAX_SCHEMA_CHARS) reader.bad('schema size')
    }
    if (new Set(names).size !== names.length) reader.bad('field name')
    this.#shapes[number] = generateDecoder({ isTuple, names, kinds })
    return number
  }

  #object(): object {
    const value = this.#numbered<Record<string, unknown>>({})
    for (let left = this.#reader.count(2); left > 0; left--) {
      const name = this.#reader.text()
      const field = this.#reader.any()
      if (name === '__proto__') defineOwn(value, name, field)
      else value[name] = field
    }
    return value
  }

  #array(): unknown[] {
    const value = this.#numbered<unknown[]>([])
    for (let left = this.#reader.count(1); left > 0; left--) value.push(this.#reader.any())
    return value
  }

  #sparseArray(): unknown[] {
    const value = this.#numbered<unknown[]>([])
    const length = this.#reader.varint()
    // As the highest length an array is a hash table: nothing is allocated for the holes.
    if (length > 4096) value.length = 0xffffffff
    value.length = length
    for (let left = this.#reader.count(2); left > 0; left--) {
      const index = this.#reader.varint()
      if (index >= length) this.#reader.bad('index')
      value[index] = this.#reader.any()
    }
    return value
  }

  #map(): Map<unknown, unknown> {
    const value = this.#numbered(new Map<unknown, unknown>())
    for (let left = this.#reader.count(2); left > 0; left--) {
      const key = this.#reader.any()
      value.set(key, this.#reader.any())
    }
    return value
  }

  #set(): Set<unknown> {
    const value = this.#numbered(new Set<unknown>())
    for (let left = this.#reader.count(1); left > 0; left--) value.add(this.#reader.any())
    return value
  }

  #copy(size: number): ArrayBuffer {
    const at = this.#reader.take(size)
    const copy = new Uint8Array(size)
    copy.set(this.#reader.bytes.subarray(at, at + size))
    return copy.buffer
  }

  #view(): object {
    const kind = this.#reader.byte()
    const copy = this.#copy(this.#reader.count(1))
    if (kind === DATA_VIEW_KIND) return new DataView(copy)
    if (kind === BUFFER_KIND) return Buffer.from(copy)
    const view = VIEW_CLASSES[kind]
    if (view === undefined || copy.byteLength % view.BYTES_PER_ELEMENT !== 0) {
      return this.#reader.bad('typed array')
    }
    return new view(copy)
  }

  #regExp(): RegExp {
    const source = this.#reader.text()
    const flags = this.#reader.text()
    try {
      return new RegExp(source, flags)
    } catch (cause) {
      throw new MalformedDataError('Cannot read a record: a regular expression is none', { cause })
    }
  }

  #error(): Error {
    const type = ERROR_CLASSES[this.#reader.byte()] ?? this.#reader.bad('class of error')
    const error = this.#numbered(new type())
    defineHidden(error, 'message', this.#textOrNothing())
    // That of the writer; the one from here means nothing.
    Reflect.deleteProperty(error, 'stack')
    defineHidden(error, 'stack', this.#textOrNothing())
    if (this.#reader.boolean()) defineHidden(error, 'cause', this.#reader.any())
    return error
  }

  #textOrNothing(): string | undefined {
    const value = this.#reader.any()
    return value === undefined || typeof value === 'string' ? value : this.#reader.bad('text')
  }

  #boxed(): object {
    const value = this.#reader.any()
    if (value === null || value === undefined || typeof value === 'object') {
      return this.#reader.bad('boxed value')
    }
    return this.#numbered(Object(value) as object)
  }

  #custom(): object {
    const name = this.#reader.text()
    const serializer = this.#registry?.forName(name)
    if (serializer === undefined) {
      throw new MalformedDataError(
        `Cannot read a record: no serializer is registered under the name ${JSON.stringify(name)}`,
      )
    }
    const number = this.#graph?.push(undefined) ?? 0
    const data = this.#reader.any()
    let value: object
    try {
      value = serializer.fromData(data)
    } catch (cause) {
      throw new MalformedDataError(`Cannot read a record: serializer ${name} refused the data`, {
        cause,
      })
    }
    if (this.#graph !== undefined) this.#graph[number - 1] = value
    return value
  }
}

function defineOwn(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

function defineHidden(target: object, name: string, value: unknown): void {
  if (value === undefined && name !== 'cause') return
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  })
}
