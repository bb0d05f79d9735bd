import type { Histogram, HistogramStatistics } from './metrics.js'

/** Keeps the latest values, so many that its memory is bounded; an update costs one store. */
export class SlidingWindowHistogram implements Histogram {
  readonly #window: Float64Array
  #count = 0

  /** @param windowSize how many of the latest values count. Default 1000 (8 KB) */
  constructor(windowSize = 1000) {
    this.#window = new Float64Array(windowSize)
  }

  get count(): number {
    return this.#count
  }

  update(value: number): void {
    this.#window[this.#count % this.#window.length] = value
    this.#count++
  }

  getStatistics(): HistogramStatistics {
    const size = Math.min(this.#count, this.#window.length)
    const sorted = this.#window.slice(0, size).sort()
    let sum = 0
    for (const value of sorted) sum += value
    const mean = size === 0 ? 0 : sum / size
    let squares = 0
    for (const value of sorted) squares += (value - mean) ** 2
    return {
      size,
      min: sorted[0] ?? 0,
      max: sorted[size - 1] ?? 0,
      mean,
      stdDev: size < 2 ? 0 : Math.sqrt(squares / (size - 1)),
      getQuantile: (q) => quantile(sorted, q),
    }
  }
}

/** Linear between the two neighbours of the rank. */
function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return 0
  const rank = Math.min(1, Math.max(0, q)) * (sorted.length - 1)
  const below = sorted[Math.floor(rank)]!
  const above = sorted[Math.ceil(rank)]!
  return below + (above - below) * (rank - Math.floor(rank))
}
