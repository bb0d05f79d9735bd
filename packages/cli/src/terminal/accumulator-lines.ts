import { type AccumulatorSnapshot, accumulatorValue, userMessage } from '@flink-ts/core'

/**
 * The accumulators of a job as `flink run` tells them: name, class and value, of lists the number of their elements.
 * No line if there are none.
 */
export function accumulatorLines(accumulators: readonly AccumulatorSnapshot[]): string[] {
  if (accumulators.length === 0) return []
  return ['Accumulator Results: ', ...accumulators.map(lineOf)]
}

function lineOf(snapshot: AccumulatorSnapshot): string {
  const { name, type } = snapshot
  let value: unknown
  try {
    value = accumulatorValue(snapshot)
  } catch (error) {
    return `- ${name} (${type}): ${userMessage(error)}`
  }
  if (Array.isArray(value)) return `- ${name} (Array) [${value.length} elements]`
  if (value instanceof Map) {
    return `- ${name} (Map): {${[...value].map(([key, count]) => `${key}=${count}`).join(', ')}}`
  }
  return `- ${name} (${typeof value}): ${String(value)}`
}
