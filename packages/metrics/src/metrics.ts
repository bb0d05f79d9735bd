/** A number that goes up and down by what is told. */
export interface Counter {
  readonly count: number
  /** @param n default 1 */
  inc(n?: number): void
  /** @param n default 1 */
  dec(n?: number): void
}

/** A value that is computed when somebody looks. */
export interface Gauge<T> {
  getValue(): T
}

/** Events, and how many there are per second. */
export interface Meter {
  readonly count: number
  /** @param n how many events; default 1 */
  markEvent(n?: number): void
  /** Events per second over the last minute. */
  getRate(): number
}

/** How the values of a {@link Histogram} are distributed. All are 0 without values. */
export interface HistogramStatistics {
  readonly size: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stdDev: number
  /** @param q from 0 to 1; 0.5 is the median */
  getQuantile(q: number): number
}

/** The distribution of the latest values. */
export interface Histogram {
  /** All values ever. */
  readonly count: number
  update(value: number): void
  getStatistics(): HistogramStatistics
}

/** What a {@link Gauge} shows in a snapshot: numbers and texts as they are, the rest as text. */
export type MetricValue = number | string

/** Metrics by identifier, as plain data. */
export type MetricSnapshot = Record<string, MetricValue>
