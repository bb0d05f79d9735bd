import { UsedOutsideCallError } from '../functions/errors.js'
import type { ProcessContext } from '../functions/function-types.js'
import { CallCollector } from './call-collector.js'
import { FunctionOperator, type FunctionOperatorOptions } from './function-operator.js'

type Process = (value: unknown, context: ProcessContext, out: CallCollector) => unknown

/** Hands each element, its context and a collector to the function; with and without keys. */
export class ProcessOperator extends FunctionOperator<Process> {
  readonly #collector: CallCollector
  readonly #context: ProcessContext
  readonly #keySelector: ((value: unknown) => unknown) | undefined
  #key: unknown

  constructor(options: FunctionOperatorOptions<Process>) {
    super(options)
    const outside = (what: string) => new UsedOutsideCallError(what, this.operatorName)
    const collector = new CallCollector(this.output, () => outside('collector or context'))
    const timestamp = () => (Number.isNaN(collector.timestamp) ? undefined : collector.timestamp)
    this.#collector = collector
    this.#keySelector = options.keySelector
    const getCurrentKey = () => {
      // For its check that a call is going on.
      void collector.timestamp
      return this.#key
    }
    this.#context =
      options.keySelector === undefined ? { timestamp } : withKey(timestamp, getCurrentKey)
  }

  override processElement(value: unknown, timestamp: number): void {
    const collector = this.#collector
    let result: unknown
    collector.begin(timestamp)
    try {
      // Before the call, which may change the element.
      if (this.keyed !== undefined) this.#key = this.keyed.begin(value)
      else if (this.#keySelector !== undefined) this.#key = this.#keySelector(value)
      result = this.call(value, this.#context, collector)
    } catch (error) {
      throw error === collector.downstreamError ? error : this.failed(error)
    }
    collector.end()
    this.keyed?.end()
    if (collector.downstreamError !== undefined) throw collector.downstreamError
    if (result instanceof Promise) throw this.promised(result)
  }
}

function withKey(timestamp: () => number | undefined, getCurrentKey: () => unknown) {
  return { timestamp, getCurrentKey }
}
