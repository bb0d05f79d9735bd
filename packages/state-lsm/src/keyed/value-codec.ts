import type { SerializerRegistry, ValueDecoder, ValueEncoder } from '@flink-ts/core'
import { type StateDescription, StateValueError } from '@flink-ts/state'
import { ByteWriter, StateCodec } from '@flink-ts/state/backend'
import type { StoredBytes } from './lsm-key-context.js'

/** How values of one state lie in the store: as values of a snapshot do, each with fresh tables. */
export class ValueCodec {
  readonly #encoder: ValueEncoder
  readonly #decoder: ValueDecoder
  readonly #facts: { readonly operatorName: string; readonly stateName: string }
  readonly #writer = new ByteWriter()

  constructor(
    state: StateDescription,
    options: {
      readonly operatorName: string
      readonly serializers: SerializerRegistry | undefined
    },
  ) {
    const { operatorName, serializers } = options
    const codec = new StateCodec(state, {
      operatorName,
      ...(serializers !== undefined && { serializers }),
    })
    this.#encoder = codec.createEncoders().values
    this.#decoder = codec.createDecoders().values
    this.#facts = { operatorName, stateName: state.name }
  }

  /** The bytes of a value, valid until the next call. @throws StateValueError (FLINK_STATE_VALUE) */
  encode(value: unknown): Buffer {
    this.begin()
    return this.add(value)
  }

  /** Starts a sequence of values. */
  begin(): void {
    this.#writer.position = 0
  }

  /** Adds a value. @returns the bytes of all since {@link begin} */
  add(value: unknown): Buffer {
    this.#encoder.reset()
    try {
      this.#writer.value(this.#encoder, value)
    } catch (cause) {
      throw new StateValueError({ ...this.#facts, cause })
    }
    return this.#writer.bytes
  }

  /** Bytes that were written since {@link begin}. */
  get length(): number {
    return this.#writer.position
  }

  decode(bytes: StoredBytes): unknown {
    return this.#decoder.decode(bytes)
  }

  /** The values that lie one after the other. */
  decodeAll(bytes: StoredBytes): unknown[] {
    const values: unknown[] = []
    while (bytes.position < bytes.limit) values.push(this.#decoder.decode(bytes))
    return values
  }
}
