import { FlinkError } from '../errors/flink-error.js'
import type { KeyHandleSource } from '../keys/key-handle-source.js'
import { type TypeDescription, typeToString } from '../types/type-information.js'
import { FieldState } from './dynamic/field-state.js'
import { Tag } from './dynamic/format.js'
import { ObjectReader } from './dynamic/object-reader.js'
import { ObjectWriter } from './dynamic/object-writer.js'
import { ValueReader } from './dynamic/value-reader.js'
import { NO_SPACE, ValueWriter } from './dynamic/value-writer.js'
import type { ValueDecoder, ValueEncoder, ValueSerializer } from './element-codec.js'
import { TypeMismatchError } from './type-mismatch-error.js'
import { findMismatch } from './typed/find-mismatch.js'
import { generateTypedCode, type TypedCode } from './typed/generate-typed-code.js'
import { UnserializableValueError } from './unserializable-value-error.js'
import type { InputView, OutputView } from './views.js'

export interface TypedSerializerOptions {
  /** Whose records they are; for the message about one that is not of the type. */
  operatorName: string
  /** They are values of this state of the operator. Default: records that it emits. */
  stateName?: string
  /** Told by decoders under which numbers the strings of the record read last came. */
  keyHandles?: KeyHandleSource
}

/** First byte of a record, before its body. The other one is {@link Tag.Reset}. */
const PLAIN = 0

/**
 * Serializes records of a declared type, by code generated for it. Both ends must have the same type: neither names
 * nor tags travel. What comes out equals what went in, with fields of objects in the declared order; parts that a record
 * holds twice become two. Strings that repeat are written once per channel and then by number.
 *
 * The format, little-endian, `text` and `number` as in {@link DynamicSerializer}: one byte, {@link PLAIN} or
 * {@link Tag.Reset}, then the value:
 *
 * | type | bytes |
 * | --- | --- |
 * | string; int, double; boolean | text; number; 0 or 1 |
 * | long; date | 8 bytes two's complement; double, milliseconds |
 * | bytes | 1 for a Buffer, else 0, varint n, n bytes |
 * | tuple, object | the parts in the declared order; 0 if there are none |
 * | list, map | varint n, n × value or n × (key, value) |
 * | optional | 0 undefined; 1 and the value; as field of an object also 2: absent |
 * | union, enum | varint number of the first alternative that fits, and its value; varint number |
 */
export class TypedSerializer implements ValueSerializer {
  readonly #type: TypeDescription
  readonly #code: TypedCode
  readonly #options: TypedSerializerOptions

  constructor(type: TypeDescription, options: TypedSerializerOptions) {
    this.#type = type
    this.#code = generateTypedCode(type)
    this.#options = options
  }

  createEncoder(): ValueEncoder {
    return new TypedEncoder(this.#type, this.#code, this.#options)
  }

  createDecoder(): ValueDecoder {
    return new TypedDecoder(this.#code, this.#options)
  }
}

class TypedEncoder implements ValueEncoder {
  readonly #writer = new ValueWriter((writer) => new ObjectWriter(writer, undefined), {
    dictionary: true,
  })
  readonly #type: TypeDescription
  readonly #code: TypedCode
  readonly #fields: readonly FieldState[]
  readonly #of: { readonly operatorName: string; readonly stateName: string | undefined }
  #isResetDue = false

  constructor(type: TypeDescription, code: TypedCode, options: TypedSerializerOptions) {
    this.#type = type
    this.#code = code
    this.#fields = Array.from({ length: code.texts }, () => new FieldState())
    const { operatorName, stateName } = options
    this.#of = { operatorName, stateName }
  }

  /** @throws TypeMismatchError when `value` is not of the type */
  tryEncode(value: unknown, target: OutputView): boolean {
    const writer = this.#writer
    writer.setTarget(target)
    writer.begin()
    let end: number
    try {
      const start = writer.tag(this.#isResetDue ? Tag.Reset : PLAIN, target.position)
      end = this.#code.encode(writer, value, start, this.#fields)
    } catch (error) {
      writer.rollback()
      if (error === NO_SPACE) return false
      if (FlinkError.is(error)) throw error
      throw new UnserializableValueError('record', 'an object whose getter throws', {
        cause: error,
      })
    }
    if (end < 0) throw this.#mismatch(value)
    target.position = end
    this.#isResetDue = false
    return true
  }

  reset(): void {
    this.#writer.clear()
    this.#isResetDue = true
  }

  #mismatch(value: unknown): TypeMismatchError {
    const path = this.#of.stateName === undefined ? 'record' : 'value'
    const found = findMismatch(this.#type, value, path) ?? {
      path,
      expected: typeToString(this.#type),
      found: 'another value each time it is read',
    }
    return new TypeMismatchError({ ...found, ...this.#of }, typeToString(this.#type))
  }
}

class TypedDecoder implements ValueDecoder {
  readonly #reader = new ValueReader((reader) => new ObjectReader(reader, undefined))
  readonly #code: TypedCode
  readonly #keyHandles: KeyHandleSource | undefined

  constructor(code: TypedCode, options: TypedSerializerOptions) {
    this.#code = code
    this.#keyHandles = options.keyHandles
  }

  decode(source: InputView): unknown {
    const reader = this.#reader
    reader.setSource(source)
    if (reader.startsWithReset()) this.reset()
    else if (reader.byte() !== PLAIN) reader.bad('record')
    if (this.#keyHandles !== undefined) this.#keyHandles.current = reader
    const value = this.#code.decode(reader)
    source.position = reader.position
    return value
  }

  reset(): void {
    this.#reader.clearDictionary()
  }
}
