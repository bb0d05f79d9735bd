import type { FunctionOperatorOptions } from '../function-operator.js'

/** Combines two values of a key. */
export type Reduce = (a: unknown, b: unknown) => unknown

export interface KeyedReduceOptions extends FunctionOperatorOptions<Reduce> {
  readonly keySelector: (value: unknown) => unknown
  /**
   * For a function that changes its first argument and answers it: the value in the state is then a copy that
   * nobody else holds, and what goes on is a copy of it. Cheaper than a new object in the state for each element,
   * which outlives its generation and is written into memory that no cache holds. Default: elements are
   * kept and passed on as they are.
   */
  readonly copy?: (value: unknown) => unknown
}
