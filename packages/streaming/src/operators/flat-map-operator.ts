import { FunctionResultError, UsedOutsideCallError } from '../functions/errors.js'
import { CallCollector } from './call-collector.js'
import { FunctionOperator, type FunctionOperatorOptions } from './function-operator.js'

type FlatMap = (value: unknown, out: CallCollector) => unknown

/** Emits what the function puts into the collector or answers: an array or any iterable object. */
export class FlatMapOperator extends FunctionOperator<FlatMap> {
  readonly #collector: CallCollector

  constructor(options: FunctionOperatorOptions<FlatMap>) {
    super(options)
    this.#collector = new CallCollector(
      this.output,
      () => new UsedOutsideCallError('collector', this.operatorName),
    )
  }

  override processElement(value: unknown, timestamp: number): void {
    const collector = this.#collector
    let result: unknown
    collector.begin(timestamp)
    try {
      this.keyed?.begin(value)
      result = this.call(value, collector)
    } catch (error) {
      throw error === collector.downstreamError ? error : this.failed(error)
    }
    collector.end()
    // A function that caught it must not hide that an element was lost.
    if (collector.downstreamError !== undefined) throw collector.downstreamError
    if (Array.isArray(result)) {
      const { output } = this
      // The length is read once: who grows the array while it is emitted would never end.
      for (let i = 0, n = result.length; i < n; i++) output.collect(result[i], timestamp)
    } else if (result !== undefined && result !== null) {
      this.#emitIterable(result, timestamp)
    }
    // After what a generator does lazily: it may use state too.
    this.keyed?.end()
  }

  #emitIterable(result: unknown, timestamp: number): void {
    if (result instanceof Promise) throw this.promised(result)
    if (typeof result !== 'object' || !(Symbol.iterator in (result as object))) {
      throw new FunctionResultError(
        `Operator '${this.operatorName}': its flatMap function answered a ${typeof result}; expected an ` +
          'array or another iterable object, or nothing at all when it uses the collector',
        this.operatorName,
      )
    }
    const iterator = (result as Iterable<unknown>)[Symbol.iterator]()
    for (;;) {
      let next: IteratorResult<unknown>
      try {
        next = iterator.next()
      } catch (error) {
        throw this.failed(error)
      }
      if (next.done === true) return
      this.output.collect(next.value, timestamp)
    }
  }
}
