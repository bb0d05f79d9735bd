import type { Random } from '@flink-ts/core'

/** The same values in an order of chance: clients that are given the same hosts do not all begin with the first. */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const result = [...values]
  for (let last = result.length - 1; last > 0; last--) {
    const other = random.nextInt(last + 1)
    ;[result[last], result[other]] = [result[other]!, result[last]!]
  }
  return result
}
