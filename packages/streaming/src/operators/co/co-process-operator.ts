import { UsedOutsideCallError } from '../../functions/errors.js'
import type { ProcessContext } from '../../functions/function-types.js'
import { CallCollector } from '../call-collector.js'
import { CoFunctionOperator, type CoFunctionOperatorOptions } from './co-function-operator.js'

type Process = (value: unknown, context: ProcessContext, out: CallCollector) => unknown

/** Hands each element, its context and a collector to the function of its input; with and without keys. */
export class CoProcessOperator extends CoFunctionOperator<Process> {
  readonly #collector: CallCollector
  readonly #context: ProcessContext
  #key: unknown

  constructor(options: CoFunctionOperatorOptions<Process>) {
    super(options)
    const { operatorName } = this.guard
    const collector = new CallCollector(
      this.output,
      () => new UsedOutsideCallError('collector or context', operatorName),
    )
    this.#collector = collector
    const timestamp = () => (Number.isNaN(collector.timestamp) ? undefined : collector.timestamp)
    const getCurrentKey = () => {
      // For its check that a call is going on.
      void collector.timestamp
      return this.#key
    }
    const keyed = { timestamp, getCurrentKey }
    this.#context = this.keySelectors === undefined ? { timestamp } : keyed
  }

  protected override process(input: 0 | 1, value: unknown, timestamp: number): void {
    const collector = this.#collector
    let result: unknown
    collector.begin(timestamp)
    try {
      // Before the call, which may change the element.
      this.#key = this.begin(input, value)
      result = this.calls[input](value, this.#context, collector)
    } catch (error) {
      throw error === collector.downstreamError ? error : this.failed(input, error)
    }
    collector.end()
    this.keyed?.end()
    if (collector.downstreamError !== undefined) throw collector.downstreamError
    if (result instanceof Promise) throw this.guard.promised(this.methods[input], result)
  }
}
