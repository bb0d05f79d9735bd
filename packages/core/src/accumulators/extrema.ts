import {
  DoubleValueAccumulator,
  IntValueAccumulator,
  LongValueAccumulator,
} from './single-value-accumulator.js'

const INT_MIN = -(2 ** 31)
const INT_MAX = 2 ** 31 - 1
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n

/** The greatest whole number; -2^31 before the first. */
export class IntMaximum extends IntValueAccumulator {
  readonly typeName: string = 'IntMaximum'

  constructor() {
    super(INT_MIN)
  }

  protected override combine(a: number, b: number): number {
    return Math.max(a, b)
  }
}

/** The least whole number; 2^31 - 1 before the first. */
export class IntMinimum extends IntValueAccumulator {
  readonly typeName: string = 'IntMinimum'

  constructor() {
    super(INT_MAX)
  }

  protected override combine(a: number, b: number): number {
    return Math.min(a, b)
  }
}

/** The greatest whole number, as a bigint; -2^63 before the first. */
export class LongMaximum extends LongValueAccumulator {
  readonly typeName: string = 'LongMaximum'

  constructor() {
    super(LONG_MIN)
  }

  protected override combine(a: bigint, b: bigint): bigint {
    return a > b ? a : b
  }
}

/** The least whole number, as a bigint; 2^63 - 1 before the first. */
export class LongMinimum extends LongValueAccumulator {
  readonly typeName: string = 'LongMinimum'

  constructor() {
    super(LONG_MAX)
  }

  protected override combine(a: bigint, b: bigint): bigint {
    return a < b ? a : b
  }
}

/** The greatest number; -Infinity before the first, NaN if there was one. */
export class DoubleMaximum extends DoubleValueAccumulator {
  readonly typeName: string = 'DoubleMaximum'

  constructor() {
    super(Number.NEGATIVE_INFINITY)
  }

  protected override combine(a: number, b: number): number {
    return Math.max(a, b)
  }
}

/** The least number; Infinity before the first, NaN if there was one. */
export class DoubleMinimum extends DoubleValueAccumulator {
  readonly typeName: string = 'DoubleMinimum'

  constructor() {
    super(Number.POSITIVE_INFINITY)
  }

  protected override combine(a: number, b: number): number {
    return Math.min(a, b)
  }
}
