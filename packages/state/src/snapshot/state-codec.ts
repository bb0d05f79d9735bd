import {
  DynamicSerializer,
  type SerializerRegistry,
  TypedSerializer,
  type ValueDecoder,
  type ValueSerializer,
} from '@flink-ts/core'
import type { BlockEncoders } from './open-block.js'
import type { StateDescription, StateType } from './snapshot-description.js'
import { TimedValueSerializer } from './timed-value-serializer.js'

/** How the values of one state are written and read. */
export class StateCodec {
  readonly state: StateDescription
  readonly #values: ValueSerializer
  readonly #mapKeys: ValueSerializer | undefined

  constructor(
    state: StateDescription,
    options: { readonly operatorName: string; readonly serializers?: SerializerRegistry },
  ) {
    this.state = state
    const of = { ...options, stateName: state.name }
    const values = serializerOf(state.type, of)
    this.#values = state.ttl === true ? new TimedValueSerializer(values) : values
    this.#mapKeys = state.mapKeyType && serializerOf(state.mapKeyType, of)
  }

  createEncoders(): BlockEncoders {
    return { values: this.#values.createEncoder(), mapKeys: this.#mapKeys?.createEncoder() }
  }

  createDecoders(): { readonly values: ValueDecoder; readonly mapKeys: ValueDecoder | undefined } {
    return { values: this.#values.createDecoder(), mapKeys: this.#mapKeys?.createDecoder() }
  }
}

function serializerOf(
  type: StateType,
  {
    operatorName,
    stateName,
    serializers,
  }: { operatorName: string; stateName: string; serializers?: SerializerRegistry },
): ValueSerializer {
  if (type !== 'dynamic') return new TypedSerializer(type, { operatorName, stateName })
  return new DynamicSerializer(serializers === undefined ? {} : { registry: serializers })
}
