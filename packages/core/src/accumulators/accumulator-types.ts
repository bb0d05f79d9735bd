import type { Accumulator, PortableAccumulator } from './accumulator.js'
import { AverageAccumulator } from './average-accumulator.js'
import { DoubleCounter, IntCounter, LongCounter } from './counters.js'
import {
  DoubleMaximum,
  DoubleMinimum,
  IntMaximum,
  IntMinimum,
  LongMaximum,
  LongMinimum,
} from './extrema.js'
import { Histogram } from './histogram.js'
import { ListAccumulator } from './list-accumulator.js'

/** Any accumulator that the cluster can merge. */
export type AnyPortableAccumulator = PortableAccumulator<never, unknown>

const CLASSES = {
  IntCounter,
  LongCounter,
  DoubleCounter,
  IntMaximum,
  IntMinimum,
  LongMaximum,
  LongMinimum,
  DoubleMaximum,
  DoubleMinimum,
  AverageAccumulator,
  Histogram,
  ListAccumulator,
} as const

/** Names of all kinds that the cluster can merge. */
export const ACCUMULATOR_TYPES: readonly string[] = Object.keys(CLASSES)

/** A new accumulator of the kind; undefined if there is no such kind. */
export function createAccumulator(typeName: string): AnyPortableAccumulator | undefined {
  if (!Object.hasOwn(CLASSES, typeName)) return undefined
  return new CLASSES[typeName as keyof typeof CLASSES]() as AnyPortableAccumulator
}

/** Whether an accumulator is of a kind that the cluster can merge, or extends one. */
export function isPortableAccumulator(
  accumulator: Accumulator<never, unknown>,
): accumulator is AnyPortableAccumulator {
  return Object.values(CLASSES).some((type) => accumulator instanceof type)
}
