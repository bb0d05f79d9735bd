export { emptyIOMetrics, type IOMetrics, sumIOMetrics } from './io-metrics.js'
export { MeterView } from './meter-view.js'
export type { MetricGroup } from './metric-group.js'
export { fillScopeFormat, sanitizeName } from './metric-name.js'
export { MetricRegistry, type MetricRegistryOptions } from './metric-registry.js'
export type {
  Counter,
  Gauge,
  Histogram,
  HistogramStatistics,
  Meter,
  MetricSnapshot,
  MetricValue,
} from './metrics.js'
export { SimpleCounter } from './simple-counter.js'
export { SlidingWindowHistogram } from './sliding-window-histogram.js'
