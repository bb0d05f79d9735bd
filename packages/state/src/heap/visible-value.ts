import { TimedValue } from '../snapshot/timed-value.js'
import type { TtlPolicy } from '../ttl/ttl-policy.js'
import { ChunkedList } from './chunked-list.js'
import { HeapMap } from './heap-map.js'

/** What a key has in a state, as a reader may see it: lists and maps as iterables, without times; undefined: nothing that lives. */
export function visibleValue(held: unknown, policy: TtlPolicy | undefined): unknown {
  const isVisible = (value: unknown) =>
    !(value instanceof TimedValue) || policy?.returnsExpired !== false || !policy.isExpired(value)
  if (held instanceof ChunkedList) {
    for (const write of held.pending ?? []) while (!write.step());
    if (held.at(0) instanceof TimedValue) return nonEmpty([...held].filter(isVisible).map(plain))
    return held
  }
  if (held instanceof HeapMap) {
    const entries = [...held.entries()].filter(([, value]) => isVisible(value))
    return nonEmpty(entries.map(([key, value]) => [key, plain(value)]))
  }
  return isVisible(held) ? plain(held) : undefined
}

function plain(value: unknown): unknown {
  return value instanceof TimedValue ? value.value : value
}

function nonEmpty(values: unknown[]): unknown[] | undefined {
  return values.length === 0 ? undefined : values
}
