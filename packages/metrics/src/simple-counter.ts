import type { Counter } from './metrics.js'

/** A plain field: cheap enough for each record. Whoever holds the class may add to `count` itself. */
export class SimpleCounter implements Counter {
  count = 0

  inc(n = 1): void {
    this.count += n
  }

  dec(n = 1): void {
    this.count -= n
  }
}
