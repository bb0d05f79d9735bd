import { DynamicSerializer, type KeyHandleSource, type ValueSerializer } from '@flink-ts/core'

/** Serializer of the records of an edge, for either end. */
export function edgeSerializer(options: { keyHandles?: KeyHandleSource } = {}): ValueSerializer {
  return new DynamicSerializer(options)
}
