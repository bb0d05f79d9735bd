import { FunctionOperator } from './function-operator.js'

/** Emits what the function answers for each element. */
export class MapOperator extends FunctionOperator<(value: unknown) => unknown> {
  override processElement(value: unknown, timestamp: number): void {
    let result: unknown
    try {
      this.keyed?.begin(value)
      result = this.call(value)
    } catch (error) {
      throw this.failed(error)
    }
    this.keyed?.end()
    if (result instanceof Promise) throw this.promised(result)
    this.output.collect(result, timestamp)
  }
}
