import {
  DynamicSerializer,
  type KeyHandleSource,
  type SerializerRegistry,
  TypedSerializer,
  type ValueSerializer,
} from '@flink-ts/core'
import type { JobEdge } from '../jobgraph/job-graph.js'

export interface EdgeSerializerOptions {
  /** Whose records they are. */
  readonly operatorName: string
  /** Of the program's own classes. */
  readonly registry?: SerializerRegistry | undefined
  /** Of the task that reads them. */
  readonly keyHandles?: KeyHandleSource
}

/** Serializer of the records of an edge, for either end: for their declared type if there is one. */
export function edgeSerializer(
  edge: JobEdge,
  { operatorName, registry, keyHandles }: EdgeSerializerOptions,
): ValueSerializer {
  const handles = keyHandles === undefined ? {} : { keyHandles }
  return edge.type === undefined
    ? new DynamicSerializer({ ...handles, ...(registry === undefined ? {} : { registry }) })
    : new TypedSerializer(edge.type, { ...handles, operatorName })
}
