import { UsedOutsideCallError } from '../functions/errors.js'
import { CallCollector } from './call-collector.js'
import { FlatMapResults } from './flat-map-results.js'
import { FunctionOperator, type FunctionOperatorOptions } from './function-operator.js'

type FlatMap = (value: unknown, out: CallCollector) => unknown

/** Emits what the function puts into the collector or answers: an array or any iterable object. */
export class FlatMapOperator extends FunctionOperator<FlatMap> {
  readonly #collector: CallCollector
  readonly #results: FlatMapResults

  constructor(options: FunctionOperatorOptions<FlatMap>) {
    super(options)
    this.#results = new FlatMapResults(this.output, this.guard, options.userFunction.method)
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
    this.#results.emit(result, timestamp)
    // After what a generator does lazily: it may use state too.
    this.keyed?.end()
  }
}
