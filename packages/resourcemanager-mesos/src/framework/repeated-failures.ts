import type { Clock } from '@flink-ts/core'

/** So many within so long are told. */
const MANY = 3
const WITHIN_MS = 300_000

/** Tells a person that TaskManagers fail again and again: not of each of them, and once in 5 minutes. */
export class RepeatedFailures {
  readonly #clock: Clock
  readonly #tell: (line: string) => void
  #timesMs: number[] = []
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, tell: (line: string) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  happened(diagnostics: string): void {
    const now = this.#clock.monotonicNow()
    const isRecent = (timeMs: number) => now - timeMs < WITHIN_MS
    this.#timesMs = [...this.#timesMs.filter(isRecent), now]
    const { length } = this.#timesMs
    if (length < MANY || isRecent(this.#toldMs)) return
    this.#toldMs = now
    this.#tell(`${length} TaskManagers have failed within 5 minutes; the last one: ${diagnostics}`)
  }
}
