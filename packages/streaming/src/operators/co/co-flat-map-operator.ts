import { UsedOutsideCallError } from '../../functions/errors.js'
import { CallCollector } from '../call-collector.js'
import { FlatMapResults } from '../flat-map-results.js'
import { CoFunctionOperator, type CoFunctionOperatorOptions } from './co-function-operator.js'

type FlatMap = (value: unknown, out: CallCollector) => unknown

/** Emits what the function of its input puts into the collector or answers. */
export class CoFlatMapOperator extends CoFunctionOperator<FlatMap> {
  readonly #collector: CallCollector
  readonly #results: readonly [FlatMapResults, FlatMapResults]

  constructor(options: CoFunctionOperatorOptions<FlatMap>) {
    super(options)
    const [first, second] = this.methods
    this.#results = [
      new FlatMapResults(this.output, this.guard, first),
      new FlatMapResults(this.output, this.guard, second),
    ]
    const { operatorName } = this.guard
    this.#collector = new CallCollector(
      this.output,
      () => new UsedOutsideCallError('collector', operatorName),
    )
  }

  protected override process(input: 0 | 1, value: unknown, timestamp: number): void {
    const collector = this.#collector
    let result: unknown
    collector.begin(timestamp)
    try {
      this.begin(input, value)
      result = this.calls[input](value, collector)
    } catch (error) {
      throw error === collector.downstreamError ? error : this.failed(input, error)
    }
    collector.end()
    // A function that caught it must not hide that an element was lost.
    if (collector.downstreamError !== undefined) throw collector.downstreamError
    this.#results[input].emit(result, timestamp)
    // After what a generator does lazily: it may use state too.
    this.keyed?.end()
  }
}
