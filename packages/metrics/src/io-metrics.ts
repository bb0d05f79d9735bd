/** What went through a task, and how it spent its time, since the attempt began. */
export interface IOMetrics {
  numRecordsIn: number
  numRecordsOut: number
  numBytesIn: number
  numBytesOut: number
  numBuffersOut: number
  accumulatedBusyMs: number
  accumulatedIdleMs: number
  accumulatedBackPressuredMs: number
}

/** All zero. */
export function emptyIOMetrics(): IOMetrics {
  return {
    numRecordsIn: 0,
    numRecordsOut: 0,
    numBytesIn: 0,
    numBytesOut: 0,
    numBuffersOut: 0,
    accumulatedBusyMs: 0,
    accumulatedIdleMs: 0,
    accumulatedBackPressuredMs: 0,
  }
}

/** The sum, as of the subtasks of a vertex. */
export function sumIOMetrics(all: Iterable<Readonly<IOMetrics>>): IOMetrics {
  const sum = emptyIOMetrics()
  const keys = Object.keys(sum) as (keyof IOMetrics)[]
  for (const metrics of all) {
    for (const key of keys) sum[key] += metrics[key]
  }
  return sum
}
