import { FlinkError } from '../errors/flink-error.js'
import type { KeyHandleSource } from '../keys/key-handle-source.js'
import { findUnserializable } from './dynamic/find-unserializable.js'
import { Tag } from './dynamic/format.js'
import { ObjectReader } from './dynamic/object-reader.js'
import { ObjectWriter } from './dynamic/object-writer.js'
import { ValueReader } from './dynamic/value-reader.js'
import { NO_SPACE, SHARED_PART, UNSUPPORTED, ValueWriter } from './dynamic/value-writer.js'
import type { ValueDecoder, ValueEncoder, ValueSerializer } from './element-codec.js'
import type { SerializerRegistry } from './serializer-registry.js'
import { UnserializableValueError } from './unserializable-value-error.js'
import type { InputView, OutputView } from './views.js'

export interface DynamicSerializerOptions {
  /** Whether strings that repeat are written once per channel and then by number. Default true. */
  dictionary?: boolean
  /** Serializers of the classes whose instances may travel. Default none. */
  registry?: SerializerRegistry
  /** Told by decoders under which numbers the strings of the record read last came. */
  keyHandles?: KeyHandleSource
}

/**
 * Serializes any value that can be cloned, without a declared type. It learns the shapes of the records and
 * writes field names and types once; code for each shape is generated on both sides.
 *
 * What comes out equals what `structuredClone` makes, with these differences: instances of classes are
 * refused unless their class has a serializer (structured cloning strips them), a `Buffer` stays one, a view
 * on a larger ArrayBuffer takes only its own bytes along, properties of an array other than its
 * elements are left behind, more than 500 objects in each other are refused.
 *
 * The format is described at {@link Tag}. Memory of a channel's tables: at most 16384 strings of up to 64 characters
 * and 256 shapes on each side.
 */
export class DynamicSerializer implements ValueSerializer {
  readonly #options: DynamicSerializerOptions

  constructor(options: DynamicSerializerOptions = {}) {
    this.#options = options
  }

  createEncoder(): ValueEncoder {
    return new DynamicEncoder(this.#options)
  }

  createDecoder(): ValueDecoder {
    return new DynamicDecoder(this.#options)
  }
}

class DynamicEncoder implements ValueEncoder {
  readonly #writer: ValueWriter
  readonly #registry: SerializerRegistry | undefined
  /** The tables were forgotten, and the decoder has not been told yet. */
  #isResetDue = false

  constructor(options: DynamicSerializerOptions) {
    this.#registry = options.registry
    this.#writer = new ValueWriter((writer) => new ObjectWriter(writer, options.registry), {
      dictionary: options.dictionary ?? true,
    })
  }

  tryEncode(value: unknown, target: OutputView): boolean {
    if (this.#isResetDue) return this.#tryEncodeReset(value, target)
    const writer = this.#writer
    writer.setTarget(target)
    writer.begin()
    try {
      target.position = writer.record(value, target.position)
      return true
    } catch (error) {
      writer.rollback()
      if (error === SHARED_PART) return this.#tryEncodeGraph(value, target)
      return this.#refuse(error, value)
    }
  }

  #tryEncodeReset(value: unknown, target: OutputView): boolean {
    const start = target.position
    if (start >= target.limit) return false
    target.bytes[start] = Tag.Reset
    target.position = start + 1
    this.#isResetDue = false
    let isWritten = false
    try {
      isWritten = this.tryEncode(value, target)
      return isWritten
    } finally {
      if (!isWritten) {
        target.position = start
        this.#isResetDue = true
      }
    }
  }

  #tryEncodeGraph(value: unknown, target: OutputView): boolean {
    const writer = this.#writer
    writer.setTarget(target)
    writer.begin()
    writer.objects.startGraph()
    try {
      const start = writer.tag(Tag.Graph, target.position)
      target.position = writer.any(value, start, writer.unnamed)
      return true
    } catch (error) {
      writer.rollback()
      return this.#refuse(error, value)
    } finally {
      writer.objects.begin()
    }
  }

  #refuse(error: unknown, value: unknown): false {
    if (error === NO_SPACE) return false
    if (error !== UNSUPPORTED) {
      if (FlinkError.is(error)) throw error
      throw new UnserializableValueError('record', 'an object whose getter or serializer throws', {
        cause: error,
      })
    }
    const found = findUnserializable(value, this.#registry)
    throw new UnserializableValueError(found.path, found.what)
  }

  reset(): void {
    this.#writer.clear()
    this.#isResetDue = true
  }
}

class DynamicDecoder implements ValueDecoder {
  readonly #reader: ValueReader
  readonly #keyHandles: KeyHandleSource | undefined

  constructor(options: DynamicSerializerOptions) {
    this.#keyHandles = options.keyHandles
    this.#reader = new ValueReader((reader) => new ObjectReader(reader, options.registry))
  }

  decode(source: InputView): unknown {
    const reader = this.#reader
    reader.setSource(source)
    reader.objects.begin()
    if (reader.startsWithReset()) this.reset()
    if (this.#keyHandles !== undefined) this.#keyHandles.current = reader
    const value = reader.any()
    source.position = reader.position
    return value
  }

  reset(): void {
    this.#reader.clearDictionary()
    this.#reader.objects.clearShapes()
  }
}
