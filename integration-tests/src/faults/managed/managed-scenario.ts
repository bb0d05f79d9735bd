import type { Random } from '@flink-ts/core'
import { faultsOf } from '../scenarios.js'

export interface ManagedScenario<F> {
  readonly name: string
  readonly faults: readonly F[]
}

/** Each fault by itself, `name` before its own. */
export function eachAlone<F extends { readonly name: string }>(
  name: string,
  faults: readonly F[],
): ManagedScenario<F>[] {
  return faults.map((fault) => ({ name: `${name}-${fault.name}`, faults: [fault] }))
}

/**
 * The faults of a scenario in a random order that never ends: each once, then those with more weight more often. A run
 * of ten minutes has time for some twenty.
 */
export function* eachOnceThenByWeight<F extends { readonly weight: number }>(
  scenario: ManagedScenario<F>,
  random: Random,
): Generator<F, never> {
  const first = [...scenario.faults]
  while (first.length > 0) yield first.splice(random.nextInt(first.length), 1)[0]!
  return yield* faultsOf(scenario, random)
}

/** One of two and the other in turn; chance says which is the first. */
export function* inTurn<M>(both: readonly [M, M], random: Random): Generator<M, never> {
  for (let number = random.nextInt(2); ; number++) yield both[number % 2]!
}
