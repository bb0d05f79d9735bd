import type { OutputView } from '../views.js'
import { FIRST_CREDIT, FieldState, FULL_CREDIT, LONGEST_PAUSE } from './field-state.js'
import { MAX_DEPTH, MAX_DICTIONARY_STRING_LENGTH, NumberTag, Tag, TextTag } from './format.js'
import type { ObjectWriter } from './object-writer.js'
import { ShapeTable } from './shape-encoder.js'
import { StringDictionary } from './string-dictionary.js'

/** Thrown when the value does not fit; no Error, since nobody sees it. */
export const NO_SPACE = Symbol('no space left in the view')
/** Thrown when an object occurs a second time in a record that is not written as a graph. */
export const SHARED_PART = Symbol('an object occurs twice')
/** Thrown at a value that cannot travel. */
export const UNSUPPORTED = Symbol('a value cannot travel')

/**
 * Writes primitives into a view; throws {@link NO_SPACE} where one might not fit. Every method takes the
 * position to write at and answers the one after: kept in a local variable, it costs nothing. Public
 * for the generated code only.
 */
export class ValueWriter {
  bytes: Buffer = Buffer.alloc(0)
  data: DataView = new DataView(new ArrayBuffer(0))
  limit = 0
  depth = 0
  /** Whether this value changed the tables: the next one must {@link begin} anew. */
  isTouched = true
  /** Whether it met objects within objects. */
  hasParts = false
  readonly dictionary: StringDictionary | undefined
  readonly unnamed = new FieldState()
  readonly shapes = new ShapeTable()
  readonly objects: ObjectWriter

  constructor(
    createObjectWriter: (writer: ValueWriter) => ObjectWriter,
    options: { dictionary: boolean },
  ) {
    this.dictionary = options.dictionary ? new StringDictionary() : undefined
    this.objects = createObjectWriter(this)
  }

  setTarget(target: OutputView): void {
    if (this.bytes !== target.bytes) {
      this.bytes = target.bytes
      this.data = target.data
    }
    this.limit = target.limit
    this.depth = 0
  }

  /** Starts a value; what the tables learn from here on can be taken back. */
  begin(): void {
    if (this.isTouched) this.#beginAnew()
    else if (this.hasParts) this.#forgetParts()
  }

  #forgetParts(): void {
    this.hasParts = false
    this.objects.begin()
  }

  #beginAnew(): void {
    this.isTouched = false
    this.hasParts = false
    this.dictionary?.begin()
    this.shapes.begin()
    this.objects.begin()
  }

  rollback(): void {
    this.isTouched = true
    this.dictionary?.rollback()
    this.shapes.rollback()
  }

  clear(): void {
    this.isTouched = true
    this.dictionary?.clear()
    this.shapes.clear()
  }

  noSpace(): never {
    throw NO_SPACE
  }

  /** The value of a record: most often an object of the same shape as the one before. */
  record(value: unknown, p: number): number {
    const { shape } = this.unnamed
    if (shape !== undefined && typeof value === 'object' && value !== null) {
      this.depth = 1
      const end = shape.encode(this, value, p, shape)
      if (end >= 0) return end
      this.depth = 0
    }
    return this.any(value, p, this.unnamed)
  }

  any(value: unknown, p: number, field: FieldState): number {
    // Asked first: most fields that are of no fixed kind hold objects.
    if (typeof value === 'object' && value !== null) {
      if (this.depth === MAX_DEPTH) throw UNSUPPORTED
      this.depth++
      const end = this.objects.write(value, p, field)
      this.depth--
      return end
    }
    return this.#primitive(value, p, field)
  }

  #primitive(value: unknown, p: number, field: FieldState): number {
    switch (typeof value) {
      case 'string':
        if (p >= this.limit) throw NO_SPACE
        this.bytes[p] = Tag.String
        return this.text(value, p + 1, field)
      case 'number':
        if (p >= this.limit) throw NO_SPACE
        if (value >= 0 && value < 64 && (value | 0) === value && !Object.is(value, -0)) {
          this.bytes[p] = Tag.SmallInt + value
          return p + 1
        }
        this.bytes[p] = Tag.Number
        return this.number(value, p + 1)
      case 'boolean':
        return this.tag(value ? Tag.True : Tag.False, p)
      case 'undefined':
        return this.tag(Tag.Undefined, p)
      case 'bigint':
        return this.bigint(value, p)
      case 'object':
        return this.tag(Tag.Null, p)
      default:
        throw UNSUPPORTED
    }
  }

  number(value: number, p: number): number {
    if (p + 9 > this.limit) throw NO_SPACE
    const bytes = this.bytes
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      bytes[p] = NumberTag.Double
      this.data.setFloat64(p + 1, value, true)
      return p + 9
    }
    const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
    if (zigzag < NumberTag.Int16) {
      bytes[p] = zigzag
      return p + 1
    }
    if (zigzag < 0x10000) {
      bytes[p] = NumberTag.Int16
      bytes[p + 1] = zigzag
      bytes[p + 2] = zigzag >>> 8
      return p + 3
    }
    bytes[p] = NumberTag.Int32
    this.data.setUint32(p + 1, zigzag, true)
    return p + 5
  }

  boolean(value: boolean, p: number): number {
    if (p >= this.limit) throw NO_SPACE
    this.bytes[p] = value ? 1 : 0
    return p + 1
  }

  double(value: number, p: number): number {
    if (p + 8 > this.limit) throw NO_SPACE
    this.data.setFloat64(p, value, true)
    return p + 8
  }

  tag(tag: number, p: number): number {
    if (p >= this.limit) throw NO_SPACE
    this.bytes[p] = tag
    return p + 1
  }

  varint(value: number, p: number): number {
    if (p + 5 > this.limit) throw NO_SPACE
    let rest = value
    let at = p
    while (rest > 0x7f) {
      this.bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.bytes[at++] = rest
    return at
  }

  /** A string that may have been written before. */
  text(text: string, p: number, field: FieldState): number {
    const dictionary = this.dictionary
    if (dictionary === undefined || text.length > MAX_DICTIONARY_STRING_LENGTH) {
      return this.plainText(text, p)
    }
    if (field.pause !== 0) {
      field.pause--
      return this.plainText(text, p)
    }
    const id = dictionary.find(text)
    if (id < 0) return this.#newText(text, p, field, -1 - id)
    if (field.credit < FULL_CREDIT) field.credit += 2
    if (p + 2 > this.limit) throw NO_SPACE
    if (id < TextTag.FarId) {
      this.bytes[p] = id
      return p + 1
    }
    const far = id - TextTag.FarId
    this.bytes[p] = TextTag.FarId | (far >>> 8)
    this.bytes[p + 1] = far
    return p + 2
  }

  #newText(text: string, p: number, field: FieldState, slot: number): number {
    if (--field.credit < 0) {
      field.credit = FIRST_CREDIT / 4
      field.pause = field.nextPause
      field.nextPause = Math.min(field.nextPause * 2, LONGEST_PAUSE)
    }
    if (p + 3 > this.limit) throw NO_SPACE
    const end = this.plainText(text, p + 3)
    this.isTouched = true
    const id = this.dictionary!.add(slot, text)
    this.bytes[p] = TextTag.Define
    this.bytes[p + 1] = id
    this.bytes[p + 2] = id >>> 8
    return end
  }

  /** A string in full. */
  plainText(text: string, p: number): number {
    const length = text.length
    if (length > 31) return this.#longText(text, p)
    if (p + 1 + length > this.limit) throw NO_SPACE
    const bytes = this.bytes
    let all = 0
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      bytes[p + 1 + i] = code
      all |= code
    }
    if (all > 0xff) return this.#shortUtf16(text, p)
    bytes[p] = TextTag.ShortLatin1 + length
    return p + 1 + length
  }

  #shortUtf16(text: string, p: number): number {
    const length = text.length
    if (p + 2 + length * 2 > this.limit) throw NO_SPACE
    this.bytes[p] = TextTag.Utf16
    this.bytes[p + 1] = length
    let at = p + 2
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      this.bytes[at++] = code
      this.bytes[at++] = code >>> 8
    }
    return at
  }

  #longText(text: string, p: number): number {
    const latin1 = !BEYOND_LATIN1.test(text)
    const utf8 = !latin1 && isWellFormed(text)
    const size = latin1 ? text.length : utf8 ? Buffer.byteLength(text) : text.length * 2
    if (p + 6 + size > this.limit) throw NO_SPACE
    this.bytes[p] = latin1 ? TextTag.Latin1 : utf8 ? TextTag.Utf8 : TextTag.Utf16
    const at = this.varint(latin1 || utf8 ? size : text.length, p + 1)
    this.bytes.write(text, at, size, latin1 ? 'latin1' : utf8 ? 'utf8' : 'utf16le')
    return at + size
  }

  bigint(value: bigint, p: number): number {
    const negative = value < 0n
    let hex = (negative ? -value : value).toString(16)
    if (hex.length % 2 === 1) hex = `0${hex}`
    const size = hex.length / 2
    if (p + 6 + size > this.limit) throw NO_SPACE
    this.bytes[p] = negative ? Tag.NegativeBigInt : Tag.BigInt
    const at = this.varint(size, p + 1)
    this.bytes.write(hex, at, size, 'hex')
    return at + size
  }

  /** An integer of 64 bits. */
  long(value: bigint, p: number): number {
    if (p + 8 > this.limit) throw NO_SPACE
    this.data.setBigInt64(p, value, true)
    return p + 8
  }

  /** A Uint8Array or a Buffer. */
  octets(value: Uint8Array, p: number): number {
    const at = this.boolean(Buffer.isBuffer(value), p)
    return this.raw(value, this.varint(value.length, at))
  }

  raw(source: Uint8Array, p: number): number {
    if (p + source.length > this.limit) throw NO_SPACE
    this.bytes.set(source, p)
    return p + source.length
  }
}

const BEYOND_LATIN1 = /[^\0-\xff]/

/** ES2024's `isWellFormed`, which Node 20 has and the compiler's library does not know. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed()
}
