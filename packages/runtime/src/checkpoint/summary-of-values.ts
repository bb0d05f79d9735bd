import { SlidingWindowHistogram } from '@flink-ts/metrics'

/** REST's figures of one kind; quantiles `NaN` while there is none, as Flink's. */
export interface StatisticsSummary {
  readonly min: number
  readonly max: number
  readonly avg: number
  readonly p50: number | 'NaN'
  readonly p90: number | 'NaN'
  readonly p95: number | 'NaN'
  readonly p99: number | 'NaN'
  readonly p999: number | 'NaN'
}

export function summaryOfValues(values: readonly number[]): StatisticsSummary {
  const histogram = new SlidingWindowHistogram(Math.max(1, values.length))
  for (const value of values) histogram.update(value)
  return summaryOfHistogram(histogram)
}

export function summaryOfHistogram(histogram: SlidingWindowHistogram): StatisticsSummary {
  const { size, min, max, mean, getQuantile } = histogram.getStatistics()
  const at = (q: number) => (size === 0 ? 'NaN' : getQuantile(q))
  return {
    min,
    max,
    avg: Math.floor(mean),
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
  }
}
