import {
  type AccumulatorSnapshot,
  accumulatorValue,
  mergeAccumulators,
  userMessage,
} from '@flink-ts/core'
import type { AttemptInfo } from '@flink-ts/runtime'
import type { UserAccumulatorBody } from '../messages/accumulator-messages.js'

/** Accumulators of the attempts, merged by name. */
export function userAccumulators(attempts: readonly AttemptInfo[]): UserAccumulatorBody[] {
  const snapshots = attempts.flatMap(({ metrics }) => metrics?.accumulators ?? [])
  return mergeAccumulators(snapshots).map(userAccumulatorBody)
}

/** An accumulator for people. */
export function userAccumulatorBody(snapshot: AccumulatorSnapshot): UserAccumulatorBody {
  return { name: snapshot.name, type: snapshot.type, value: valueText(snapshot) }
}

/** Accumulators for programs, by name. */
export function serializedAccumulators(
  snapshots: readonly AccumulatorSnapshot[],
): Record<string, string> {
  return Object.fromEntries(
    snapshots.map((snapshot) => [
      snapshot.name,
      Buffer.from(JSON.stringify(snapshot)).toString('base64'),
    ]),
  )
}

function valueText(snapshot: AccumulatorSnapshot): string {
  try {
    return textOf(accumulatorValue(snapshot))
  } catch (error) {
    return userMessage(error)
  }
}

/** As Java prints collections. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(', ')}]`
  if (value instanceof Map) {
    return `{${[...value].map(([k, v]) => `${textOf(k)}=${textOf(v)}`).join(', ')}}`
  }
  if (value instanceof Date) return value.toISOString()
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    return JSON.stringify(value)
  } catch {
    // Such as a bigint inside: what it is made of is told to programs.
    return String(value)
  }
}
