import type { AccumulatorSnapshot } from '@flink-ts/core'

/** The accumulators of `accumulator-results` of a job's result, or of the like. */
export function accumulatorSnapshots(
  serialized: Readonly<Record<string, string>>,
): AccumulatorSnapshot[] {
  return Object.values(serialized).map(
    (text) => JSON.parse(Buffer.from(text, 'base64').toString()) as AccumulatorSnapshot,
  )
}
