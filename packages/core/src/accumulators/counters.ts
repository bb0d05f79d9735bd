import {
  DoubleValueAccumulator,
  IntValueAccumulator,
  LongValueAccumulator,
} from './single-value-accumulator.js'

/** Adds up whole numbers; exact up to 2^53. */
export class IntCounter extends IntValueAccumulator {
  readonly typeName: string = 'IntCounter'

  constructor() {
    super(0)
  }

  protected override combine(a: number, b: number): number {
    return a + b
  }
}

/** Adds up whole numbers exactly, whatever their size; its value is a bigint. */
export class LongCounter extends LongValueAccumulator {
  readonly typeName: string = 'LongCounter'

  constructor() {
    super(0n)
  }

  protected override combine(a: bigint, b: bigint): bigint {
    return a + b
  }
}

/** Adds up numbers. The order of merging is not promised, so neither is the last digit. */
export class DoubleCounter extends DoubleValueAccumulator {
  readonly typeName: string = 'DoubleCounter'

  constructor() {
    super(0)
  }

  protected override combine(a: number, b: number): number {
    return a + b
  }
}
