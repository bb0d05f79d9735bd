import { FunctionResultError } from '../functions/errors.js'
import { FunctionOperator } from './function-operator.js'

/** Lets the elements pass for which the function answers true. */
export class FilterOperator extends FunctionOperator<(value: unknown) => boolean> {
  override processElement(value: unknown, timestamp: number): void {
    let keep: unknown
    try {
      this.keyed?.begin(value)
      keep = this.call(value)
    } catch (error) {
      throw this.failed(error)
    }
    this.keyed?.end()
    if (keep === true) this.output.collect(value, timestamp)
    else if (keep !== false) throw this.#notBoolean(keep)
  }

  #notBoolean(keep: unknown): Error {
    if (keep instanceof Promise) return this.promised(keep)
    return new FunctionResultError(
      `Operator '${this.operatorName}': its filter function answered ${String(keep)}; expected true or false`,
      this.operatorName,
    )
  }
}
