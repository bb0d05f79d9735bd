import type { OperatorListState, OperatorListStateDescriptor } from '@flink-ts/core'
import { type SimpleVersionedSerializer, Types } from '@flink-ts/core'

/** What one element of a {@link VersionedList} is stored as. */
export interface VersionedBytes {
  /** Of the serializer that wrote it. */
  readonly version: number
  readonly bytes: Uint8Array
}

const versionedBytes = Types.object({ version: Types.int, bytes: Types.bytes })

/** Describes list state whose elements have a serializer of their own. */
export function versionedListDescriptor(name: string): OperatorListStateDescriptor<VersionedBytes> {
  return { name, type: versionedBytes }
}

/** List state of elements with a serializer of their own, as connectors have them. */
export class VersionedList<T> {
  readonly #state: OperatorListState<VersionedBytes>
  readonly #serializer: SimpleVersionedSerializer<T>

  constructor(state: OperatorListState<VersionedBytes>, serializer: SimpleVersionedSerializer<T>) {
    this.#state = state
    this.#serializer = serializer
  }

  /** @throws what the serializer throws */
  get(): T[] {
    return [...this.#state.get()].map(({ version, bytes }) =>
      this.#serializer.deserialize(version, bytes),
    )
  }

  update(elements: readonly T[]): void {
    const { version } = this.#serializer
    this.#state.update(elements.map((e) => ({ version, bytes: this.#serializer.serialize(e) })))
  }
}
