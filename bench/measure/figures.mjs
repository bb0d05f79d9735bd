/** Of an even number of values the mean of the two in the middle. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Rates are better when they are higher; times, sizes and numbers of files when they are lower. */
const higherIsBetter = (unit) => unit.endsWith('/s')

/** Collects what a suite reports. The same case and metric may be reported again and again: the median counts. */
export class Figures {
  #suite
  #entries = new Map()

  constructor(suite) {
    this.#suite = suite
  }

  /** `value` is ours, `againstValue` that of `against`; either may come alone. */
  add({ case: name, metric, unit, value, against, againstValue }) {
    const key = JSON.stringify([name, metric, unit])
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { name, metric, unit, values: [], others: new Map() }
      this.#entries.set(key, entry)
    }
    if (value !== undefined) entry.values.push(value)
    if (against === undefined) return
    const others = entry.others.get(against) ?? []
    others.push(againstValue)
    entry.others.set(against, others)
  }

  /** One for each figure and each system that it was measured against, in the order of the reports. */
  rows() {
    return [...this.#entries.values()].flatMap(({ name, metric, unit, values, others }) => {
      const value = values.length > 0 ? median(values) : undefined
      const row = { suite: this.#suite, case: name, metric, unit, value }
      if (others.size === 0) return [row]
      return [...others].map(([against, measured]) => {
        const againstValue = median(measured)
        // Nothing at all is no number of times better.
        if (!value || !againstValue) return { ...row, against, againstValue }
        const ratio = higherIsBetter(unit) ? value / againstValue : againstValue / value
        return { ...row, against, againstValue, ratio }
      })
    })
  }
}
