import type { Accumulator } from './accumulator.js'
import { AccumulatorError } from './accumulator-error.js'
import {
  type AccumulatorSnapshot,
  MAX_ACCUMULATOR_BYTES,
  snapshotAccumulator,
} from './accumulator-snapshot.js'
import {
  ACCUMULATOR_TYPES,
  type AnyPortableAccumulator,
  createAccumulator,
  isPortableAccumulator,
} from './accumulator-types.js'

/** The accumulators of one task: a name stands for one, whichever of its operators registered it. */
export class AccumulatorRegistry {
  readonly #accumulators = new Map<string, AnyPortableAccumulator>()

  /** @throws AccumulatorError if the name is taken, or the cluster cannot merge such accumulators */
  add(name: string, accumulator: Accumulator<never, unknown>): void {
    if (this.#accumulators.has(name)) {
      throw new AccumulatorError(
        `The accumulator '${name}' already exists and cannot be added: a name stands for one accumulator of a task`,
        { name },
      )
    }
    if (!isPortableAccumulator(accumulator)) {
      const given = (accumulator as { constructor?: { name?: string } } | null)?.constructor?.name
      throw new AccumulatorError(
        `Cannot add accumulator '${name}' of class ${given ?? typeof accumulator}: the JobManager merges accumulators and ` +
          `runs no code of programs, so it has to be, or to extend, one of ${ACCUMULATOR_TYPES.join(', ')}; ` +
          'a ListAccumulator can hand any values to the program, which combines them',
        { name },
      )
    }
    this.#accumulators.set(name, accumulator)
  }

  /** Undefined if there is none of this name. */
  get(name: string): Accumulator<never, unknown> | undefined {
    return this.#accumulators.get(name)
  }

  /**
   * The accumulator of this name, made if there is none.
   *
   * @throws AccumulatorError if there is one of another kind
   */
  getOrCreate(name: string, typeName: string): Accumulator<never, unknown> {
    const existing = this.#accumulators.get(name)
    if (existing === undefined) {
      const created = createAccumulator(typeName)!
      this.#accumulators.set(name, created)
      return created
    }
    if (existing.typeName === typeName) return existing
    throw new AccumulatorError(
      `The accumulator '${name}' is a ${existing.typeName}, not a ${typeName}`,
      { name },
    )
  }

  get isEmpty(): boolean {
    return this.#accumulators.size === 0
  }

  /** What they have gathered so far, up to `MAX_ACCUMULATOR_BYTES` together. Never throws. */
  snapshot(): AccumulatorSnapshot[] {
    let bytesLeft = MAX_ACCUMULATOR_BYTES
    return [...this.#accumulators].map(([name, accumulator]) => {
      const snapshot = snapshotAccumulator(name, accumulator, Math.max(0, bytesLeft))
      bytesLeft -= snapshot.value.length
      return snapshot
    })
  }
}
