import type { Counter, Gauge, Histogram, Meter } from './metrics.js'

/** Where a component, an operator or a user function registers its metrics. */
export interface MetricGroup {
  /** @param counter default: a new one */
  counter(name: string, counter?: Counter): Counter
  /** @param gauge the value, or the function that computes it when somebody looks */
  gauge<T>(name: string, gauge: Gauge<T> | (() => T)): Gauge<T>
  /** @param meter default: a new one, over the last minute */
  meter(name: string, meter?: Meter): Meter
  /** @param histogram default: a new one, of the latest 1000 values */
  histogram(name: string, histogram?: Histogram): Histogram
  /** A group below this one; the same one for the same name. With `value` two levels, `name` then `value`. */
  addGroup(name: string, value?: string): MetricGroup
  /** What the groups stand for: `host`, `job_name`, …, and the pairs given to `addGroup`. */
  readonly variables: Readonly<Record<string, string>>
  /** The parts of the scope, such as `['localhost', 'taskmanager', 'tm-1']`. */
  readonly scopeComponents: readonly string[]
  /** The full identifier of a metric of this group. */
  metricIdentifier(name: string): string
  /** Forgets the metrics of this group and of those below it; later ones are not registered. Idempotent. */
  close(): void
}
