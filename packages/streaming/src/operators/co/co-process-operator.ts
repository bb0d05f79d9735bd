import type { ProcessContext } from '../../functions/function-types.js'
import type { CallCollector } from '../call-collector.js'
import { timerMethod } from '../process-operator.js'
import { ProcessScope } from '../process-scope.js'
import { CoFunctionOperator, type CoFunctionOperatorOptions } from './co-function-operator.js'

type Process = (value: unknown, context: ProcessContext, out: CallCollector) => unknown

/** Hands each element, its context and a collector to the function of its input; with and without keys. With keys it has timers. */
export class CoProcessOperator extends CoFunctionOperator<Process> {
  readonly #scope: ProcessScope

  constructor(options: CoFunctionOperatorOptions<Process>) {
    super(options)
    const { operatorContext } = options
    const { guard, keyed, rich } = this
    this.#scope = new ProcessScope({ operatorContext, guard, keyed, onTimer: timerMethod(rich) })
  }

  protected override usesKeys(): boolean {
    return true
  }

  override open(): void | Promise<void> {
    this.#scope.open()
    return super.open()
  }

  protected override advanceWatermark(timestampMs: number, goOn: () => void): void {
    this.#scope.advanceWatermark(timestampMs, goOn)
  }

  protected override process(input: 0 | 1, value: unknown, timestamp: number): void {
    const scope = this.#scope
    const functionName = this.methods[input]
    let result: unknown
    try {
      // Before the call, which may change the element.
      scope.begin(timestamp, this.begin(input, value))
      result = this.calls[input](value, scope.context, scope.collector)
    } catch (error) {
      throw scope.failed(functionName, error)
    }
    scope.end(functionName, result)
  }
}
