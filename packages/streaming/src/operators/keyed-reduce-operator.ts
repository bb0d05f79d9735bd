import { type KeyHandleSource, KeyMap } from '@flink-ts/core'
import { NO_TIMESTAMP, type OneInputStreamOperator } from '@flink-ts/runtime/program'
import { FunctionOperator, type FunctionOperatorOptions } from './function-operator.js'
import { KeyedContext } from './keyed-context.js'

type Reduce = (a: unknown, b: unknown) => unknown

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

const itself = (value: unknown) => value

/** Elements emitted between two looks at whether the operators behind can take more. */
const FINISH_BATCH = 1024

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
  readonly #state
  readonly #copy: (value: unknown) => unknown

  constructor(options: KeyedReduceOptions) {
    super(options)
    this.#keyedContext =
      this.keyed ?? new KeyedContext(options.operatorContext, options.keySelector)
    this.#state = this.#keyedContext.rawState<unknown>({ name: '_op_state' })
    this.#copy = options.copy ?? itself
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

class BatchReduceOperator extends FunctionOperator<Reduce> {
  readonly #keySelector: (value: unknown) => unknown
  readonly #cells = new KeyMap<{ value: unknown }>()
  readonly #handles: KeyHandleSource | undefined
  readonly #copy: (value: unknown) => unknown

  constructor(options: KeyedReduceOptions) {
    super(options)
    this.#keySelector = options.keySelector
    // State that the function itself keeps finds them taken, and does without.
    this.#handles = options.operatorContext.keyHandles?.claim()
    this.#copy = options.copy ?? itself
  }

  override processElement(value: unknown): void {
    let result: unknown
    try {
      const key = this.#keySelector(value)
      const cell = this.#cell(key)
      if (cell === undefined) {
        this.#cells.set(key, { value: this.#copy(value) })
        return
      }
      this.keyed?.begin(value)
      result = this.call(cell.value, value)
      this.keyed?.end()
      cell.value = result
    } catch (error) {
      throw this.failed(error)
    }
    if (result instanceof Promise) throw this.promised(result)
  }

  #cell(key: unknown): { value: unknown } | undefined {
    const handles = this.#handles
    const known = handles?.get(key)
    if (known !== undefined) return known as { value: unknown }
    const cell = this.#cells.get(key)
    if (cell !== undefined) handles?.put(key, cell)
    return cell
  }

  override async finish(): Promise<void> {
    const { output } = this
    let emitted = 0
    for (const [, cell] of this.#cells.entries()) {
      output.collect(cell.value, NO_TIMESTAMP)
      if (++emitted % FINISH_BATCH === 0) {
        const ready = output.whenAvailable?.()
        if (ready !== undefined) await ready
      }
    }
  }
}
