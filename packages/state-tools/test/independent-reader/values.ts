import type { Bytes } from './bytes.js'

/** A type as it stands in a description. */
export type Type = 'dynamic' | TypeJson

interface TypeJson {
  readonly kind: string
  readonly elements?: TypeJson[]
  readonly fields?: { readonly name: string; readonly type: TypeJson }[]
  readonly element?: TypeJson
  readonly key?: TypeJson
  readonly value?: TypeJson
  readonly type?: TypeJson
  readonly types?: TypeJson[]
  readonly values?: (string | number)[]
}

interface Shape {
  readonly isArray: boolean
  readonly fields: { readonly kind: number; readonly name: string }[]
}

const VIEWS: readonly (new (buffer: ArrayBuffer) => object)[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
]

/** A field, whatever its name. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

/** Reads the values of one state in one block, in order. */
export class ValueReader {
  readonly #bytes: Bytes
  readonly #type: Type
  readonly #dictionary = new Map<number, string>()
  readonly #shapes = new Map<number, Shape>()
  /** Values of a graph by number. */
  #graph: unknown[] | undefined

  constructor(bytes: Bytes, type: Type) {
    this.#bytes = bytes
    this.#type = type
  }

  read(): unknown {
    this.#graph = undefined
    const first = this.#bytes.u8()
    if (first === 0x18) {
      this.#dictionary.clear()
      this.#shapes.clear()
    }
    if (this.#type === 'dynamic') return this.#dynamic(first === 0x18 ? this.#bytes.u8() : first)
    if (first !== 0 && first !== 0x18) throw new Error(`a declared value begins with ${first}`)
    return this.#declared(this.#type)
  }

  #text(): string {
    const bytes = this.#bytes
    const first = bytes.u8()
    if (first < 0x80) return this.#known(first)
    if (first < 0xc0) return this.#known(128 + 256 * (first - 0x80) + bytes.u8())
    if (first < 0xe0) return bytes.take(first - 0xc0).toString('latin1')
    if (first === 0xe0) return bytes.take(bytes.varint()).toString('latin1')
    if (first === 0xe1) return bytes.take(2 * bytes.varint()).toString('utf16le')
    if (first === 0xe2) return bytes.take(bytes.varint()).toString('utf8')
    if (first !== 0xe3) throw new Error(`no text begins with ${first}`)
    const number = bytes.u16()
    const text = this.#text()
    this.#dictionary.set(number, text)
    return text
  }

  #known(number: number): string {
    const text = this.#dictionary.get(number)
    if (text === undefined) throw new Error(`the dictionary has no text ${number}`)
    return text
  }

  #number(): number {
    const bytes = this.#bytes
    const zigzag = (n: number) => (n % 2 === 0 ? n / 2 : -(n + 1) / 2)
    const first = bytes.u8()
    if (first < 0xf8) return zigzag(first)
    if (first === 0xf8) return zigzag(bytes.u16())
    if (first === 0xf9) return zigzag(bytes.u32())
    if (first === 0xfa) return bytes.f64()
    throw new Error(`no number begins with ${first}`)
  }

  #declared(type: TypeJson): unknown {
    const bytes = this.#bytes
    switch (type.kind) {
      case 'string':
        return this.#text()
      case 'int':
      case 'double':
        return this.#number()
      case 'boolean':
        return bytes.u8() === 1
      case 'long':
        return bytes.i64()
      case 'date':
        return new Date(bytes.f64())
      case 'bytes': {
        const isBuffer = bytes.u8() === 1
        const content = bytes.take(bytes.varint())
        return isBuffer ? Buffer.from(content) : Uint8Array.from(content)
      }
      case 'tuple':
        if (type.elements!.length === 0) bytes.u8()
        return type.elements!.map((element) => this.#declared(element))
      case 'object':
        return this.#object(type)
      case 'list':
        return bytes.times(() => this.#declared(type.element!))
      case 'map':
        return new Map(
          bytes.times(() => [this.#declared(type.key!), this.#declared(type.value!)] as const),
        )
      case 'optional':
        return bytes.u8() === 1 ? this.#declared(type.type!) : undefined
      case 'union':
        return this.#declared(type.types![bytes.varint()]!)
      case 'enum':
        return type.values![bytes.varint()]
      default:
        throw new Error(`there is no type of kind ${type.kind}`)
    }
  }

  #object({ fields = [] }: TypeJson): unknown {
    const value = {}
    if (fields.length === 0) this.#bytes.u8()
    for (const { name, type } of fields) {
      if (type.kind === 'optional') {
        const how = this.#bytes.u8()
        if (how === 2) continue
        define(value, name, how === 1 ? this.#declared(type.type!) : undefined)
      } else define(value, name, this.#declared(type))
    }
    return value
  }

  #dynamic(first = this.#bytes.u8()): unknown {
    const bytes = this.#bytes
    if (first === 0xff) return this.#record(bytes.varint())
    if (first >= 0x80) return this.#record(first - 0x80)
    if (first >= 0x40) return first - 0x40
    switch (first) {
      case 0x01:
        return undefined
      case 0x02:
        return null
      case 0x03:
        return false
      case 0x04:
        return true
      case 0x05:
        return this.#number()
      case 0x06:
        return this.#text()
      case 0x07:
        return bytes.bigEndian()
      case 0x08:
        return -bytes.bigEndian()
      case 0x15:
        return this.#record(this.#schema())
      case 0x16:
        this.#graph = []
        return this.#dynamic()
      case 0x17:
        return this.#graph![bytes.varint()]
      default:
        return this.#structure(first)
    }
  }

  #structure(first: number): unknown {
    const bytes = this.#bytes
    switch (first) {
      case 0x09:
        return this.#numbered(new Date(bytes.f64()))
      case 0x0a: {
        const object = this.#numbered<Record<string, unknown>>({})
        bytes.times(() => {
          const name = this.#text()
          define(object, name, this.#dynamic())
        })
        return object
      }
      case 0x0b: {
        const array = this.#numbered<unknown[]>([])
        bytes.times(() => array.push(this.#dynamic()))
        return array
      }
      case 0x0c: {
        const array = this.#numbered<unknown[]>([])
        array.length = bytes.varint()
        bytes.times(() => {
          const index = bytes.varint()
          array[index] = this.#dynamic()
        })
        return array
      }
      case 0x0d: {
        const map = this.#numbered(new Map())
        bytes.times(() => {
          const key = this.#dynamic()
          map.set(key, this.#dynamic())
        })
        return map
      }
      case 0x0e: {
        const set = this.#numbered(new Set())
        bytes.times(() => set.add(this.#dynamic()))
        return set
      }
      case 0x0f: {
        const kind = bytes.u8()
        const content = Uint8Array.from(bytes.take(bytes.varint()))
        if (kind === 12) return this.#numbered(Buffer.from(content.buffer))
        return this.#numbered(new VIEWS[kind]!(content.buffer))
      }
      case 0x10:
        return this.#numbered(Uint8Array.from(bytes.take(bytes.varint())).buffer)
      case 0x11: {
        const source = this.#text()
        return this.#numbered(new RegExp(source, this.#text()))
      }
      case 0x12:
        return this.#error()
      case 0x13:
        return this.#numbered(Object(this.#dynamic()))
      default:
        throw new Error(`no value begins with ${first}`)
    }
  }

  #error(): unknown {
    const classes = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]
    const error = this.#numbered(new classes[this.#bytes.u8()]!())
    error.message = this.#dynamic() as string
    error.stack = this.#dynamic() as string
    if (this.#bytes.u8() === 1) error.cause = this.#dynamic()
    return error
  }

  #numbered<T>(value: T): T {
    this.#graph?.push(value)
    return value
  }

  #schema(): number {
    const bytes = this.#bytes
    const number = bytes.varint()
    const isArray = bytes.u8() === 1
    const fields = bytes.times(() => ({ kind: bytes.u8(), name: isArray ? '' : this.#text() }))
    this.#shapes.set(number, { isArray, fields })
    return number
  }

  #record(number: number): unknown {
    const shape = this.#shapes.get(number)
    if (shape === undefined) throw new Error(`there is no shape ${number}`)
    const read = [
      () => this.#dynamic(),
      () => this.#text(),
      () => this.#number(),
      () => this.#bytes.u8() === 1,
    ]
    const values = shape.fields.map(({ kind }) => read[kind]!())
    if (shape.isArray) return values
    return Object.fromEntries(shape.fields.map(({ name }, index) => [name, values[index]]))
  }
}
