import { CoFunctionOperator } from './co-function-operator.js'

/** Emits what the function of its input answers for each element. */
export class CoMapOperator extends CoFunctionOperator<(value: unknown) => unknown> {
  protected override process(input: 0 | 1, value: unknown, timestamp: number): void {
    let result: unknown
    try {
      this.begin(input, value)
      result = this.calls[input](value)
    } catch (error) {
      throw this.failed(input, error)
    }
    this.keyed?.end()
    if (result instanceof Promise) throw this.guard.promised(this.methods[input], result)
    this.output.collect(result, timestamp)
  }
}
