import type { ValueState, ValueStateDescriptor } from '@flink-ts/core'
import type { OneInputStreamOperator } from '@flink-ts/runtime/program'
import { FunctionOperator } from '../function-operator.js'
import { KeyedContext } from '../keyed-context.js'
import { BatchReduceOperator } from './batch-reduce-operator.js'
import type { KeyedReduceOptions, Reduce } from './keyed-reduce-options.js'

/** Weight of an aggregation among those that share a slot's managed memory in a BATCH job; in MB, as Flink's are. */
export const AGGREGATION_WEIGHT = 128

/** Flink's name of what such an operator keeps. */
const STATE: ValueStateDescriptor<unknown> = { name: '_op_state' }

const itself = (value: unknown) => value

/**
 * The operator behind `reduce`, `sum`, `min` and `max`: in a STREAMING job the running value of the key per
 * element, in a BATCH job each key's final value once, at the end of input.
 */
export function createKeyedReduceOperator(options: KeyedReduceOptions): OneInputStreamOperator {
  return options.operatorContext.jobType === 'BATCH'
    ? new BatchReduceOperator(options)
    : new StreamingReduceOperator(options)
}

class StreamingReduceOperator extends FunctionOperator<Reduce> {
  readonly #keyedContext: KeyedContext
  #state!: ValueState<unknown>
  readonly #copy: (value: unknown) => unknown

  constructor(options: KeyedReduceOptions) {
    super(options)
    this.#keyedContext =
      this.keyed ?? new KeyedContext(options.operatorContext, options.keySelector)
    this.#copy = options.copy ?? itself
  }

  override open(): void | Promise<void> {
    this.#state = this.#keyedContext.rawState<unknown>(STATE)
    return super.open()
  }

  override processElement(value: unknown, timestamp: number): void {
    const state = this.#state
    let result: unknown
    try {
      this.#keyedContext.begin(value)
      const before = state.value()
      result = before === undefined ? this.#copy(value) : this.call(before, value)
    } catch (error) {
      throw this.failed(error)
    }
    if (result instanceof Promise) throw this.promised(result)
    state.update(result)
    this.#keyedContext.end()
    this.output.collect(this.#copy(result), timestamp)
  }
}
