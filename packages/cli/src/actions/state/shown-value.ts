import { type StateDescription, valueToJson } from '@flink-ts/state-tools'

/** What is shown of a value of a state, as JSON. Timers without a namespace, which those of functions are, show none. */
export function shownValue(kind: StateDescription['kind'], value: unknown): unknown {
  if (kind !== 'timer' || !Array.isArray(value)) return valueToJson(value)
  return value.map(({ namespace, ...timer }: { readonly namespace?: unknown }) =>
    valueToJson(namespace === undefined ? timer : { ...timer, namespace }),
  )
}
