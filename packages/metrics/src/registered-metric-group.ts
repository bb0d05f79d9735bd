import type { Clock, Logger } from '@flink-ts/core'
import { MeterView } from './meter-view.js'
import type { MetricGroup } from './metric-group.js'
import { sanitizeName } from './metric-name.js'
import type { Counter, Gauge, Histogram, Meter, MetricSnapshot } from './metrics.js'
import { SimpleCounter } from './simple-counter.js'
import { SlidingWindowHistogram } from './sliding-window-histogram.js'

/** What all groups of a registry share. */
export interface MetricGroupContext {
  readonly clock: Clock
  readonly log: Logger
  readonly delimiter: string
}

type Metric =
  | { readonly kind: 'counter'; readonly metric: Counter }
  | { readonly kind: 'gauge'; readonly metric: Gauge<unknown> }
  | { readonly kind: 'meter'; readonly metric: Meter }
  | { readonly kind: 'histogram'; readonly metric: Histogram }

/** The group of a {@link MetricRegistry}. */
export class RegisteredMetricGroup implements MetricGroup {
  readonly scopeComponents: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  readonly #context: MetricGroupContext
  readonly #onClose: () => void
  readonly #metrics = new Map<string, Metric>()
  readonly #groups = new Map<string, RegisteredMetricGroup>()
  #closed = false

  constructor(
    context: MetricGroupContext,
    scope: {
      readonly components: readonly string[]
      readonly variables: Readonly<Record<string, string>>
      readonly onClose: () => void
    },
  ) {
    this.#context = context
    this.scopeComponents = scope.components
    this.variables = scope.variables
    this.#onClose = scope.onClose
  }

  counter(name: string, counter: Counter = new SimpleCounter()): Counter {
    this.#register(name, { kind: 'counter', metric: counter })
    return counter
  }

  gauge<T>(name: string, gauge: Gauge<T> | (() => T)): Gauge<T> {
    const metric = typeof gauge === 'function' ? { getValue: gauge } : gauge
    this.#register(name, { kind: 'gauge', metric })
    return metric
  }

  meter(name: string, meter: Meter = new MeterView(this.#context.clock)): Meter {
    this.#register(name, { kind: 'meter', metric: meter })
    return meter
  }

  histogram(name: string, histogram: Histogram = new SlidingWindowHistogram()): Histogram {
    this.#register(name, { kind: 'histogram', metric: histogram })
    return histogram
  }

  addGroup(name: string, value?: string): MetricGroup {
    const group = this.#child(name, this.variables)
    return value === undefined ? group : group.#child(value, { ...this.variables, [name]: value })
  }

  metricIdentifier(name: string): string {
    return [...this.scopeComponents, sanitizeName(name, 'metric')].join(this.#context.delimiter)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const group of [...this.#groups.values()]) group.close()
    this.#metrics.clear()
    this.#onClose()
  }

  /** Adds the metrics of this group and of those below it to `snapshot`, their ids behind `prefix`. */
  collect(snapshot: MetricSnapshot, prefix: string): void {
    for (const [name, metric] of this.#metrics) {
      try {
        addValues(snapshot, prefix + name, metric)
      } catch (error) {
        // A gauge of user code must not hide the other metrics.
        this.#context.log.debug('A metric could not be read', { metric: prefix + name, error })
      }
    }
    for (const [name, group] of this.#groups) {
      group.collect(snapshot, `${prefix}${name}${this.#context.delimiter}`)
    }
  }

  #child(name: string, variables: Readonly<Record<string, string>>): RegisteredMetricGroup {
    const part = sanitizeName(name, 'group')
    const existing = this.#groups.get(part)
    if (existing !== undefined) return existing
    if (this.#metrics.has(part)) this.#warnOfDuplicate(part)
    const group = new RegisteredMetricGroup(this.#context, {
      components: [...this.scopeComponents, part],
      variables,
      onClose: () => void this.#groups.delete(part),
    })
    if (this.#closed) group.#closed = true
    else this.#groups.set(part, group)
    return group
  }

  #register(name: string, metric: Metric): void {
    if (this.#closed) return
    const id = sanitizeName(name, 'metric')
    if (this.#metrics.has(id) || this.#groups.has(id)) {
      this.#warnOfDuplicate(id)
      if (this.#metrics.has(id)) return
    }
    this.#metrics.set(id, metric)
  }

  #warnOfDuplicate(name: string): void {
    this.#context.log.warn('A metric name is used twice; only the first metric is reported', {
      metric: this.metricIdentifier(name),
    })
  }
}

const QUANTILES: readonly (readonly [suffix: string, q: number])[] = [
  ['median', 0.5],
  ['p75', 0.75],
  ['p90', 0.9],
  ['p95', 0.95],
  ['p98', 0.98],
  ['p99', 0.99],
  ['p999', 0.999],
]

function addValues(snapshot: MetricSnapshot, id: string, { kind, metric }: Metric): void {
  switch (kind) {
    case 'counter':
      snapshot[id] = metric.count
      return
    case 'gauge': {
      const value = metric.getValue()
      if (value === undefined || value === null) return
      snapshot[id] = typeof value === 'number' ? value : String(value)
      return
    }
    case 'meter':
      snapshot[id] = metric.getRate()
      return
    case 'histogram': {
      const statistics = metric.getStatistics()
      snapshot[`${id}_min`] = statistics.min
      snapshot[`${id}_max`] = statistics.max
      snapshot[`${id}_mean`] = statistics.mean
      snapshot[`${id}_stddev`] = statistics.stdDev
      for (const [suffix, q] of QUANTILES) snapshot[`${id}_${suffix}`] = statistics.getQuantile(q)
    }
  }
}
