import type { OneInputStreamOperator, OperatorContext } from '@flink-ts/runtime/program'
import type { AnyFunction, UserFunction } from '../functions/user-function.js'
import { UserFunctionOperator } from './user-function-operator.js'

/** What every operator with one user function is made of. */
export interface FunctionOperatorOptions<F extends AnyFunction> {
  readonly operatorContext: OperatorContext
  readonly userFunction: UserFunction<F>
  /** Behind `keyBy`. */
  readonly keySelector: ((value: unknown) => unknown) | undefined
}

/** Base of the operators that call a user function per element: watermarks, errors. */
export abstract class FunctionOperator<F extends AnyFunction>
  extends UserFunctionOperator
  implements OneInputStreamOperator
{
  protected readonly call: F
  readonly #method: string

  constructor(options: FunctionOperatorOptions<F>) {
    const { operatorContext, userFunction, keySelector } = options
    const { call, rich } = userFunction.instance()
    super(operatorContext, rich, keySelector)
    this.call = call
    this.#method = userFunction.method
  }

  abstract processElement(value: unknown, timestamp: number): void

  processWatermark(timestampMs: number): void {
    this.output.emitWatermark(timestampMs)
  }

  processWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.output.emitWatermarkStatus(status)
  }

  protected get operatorName(): string {
    return this.guard.operatorName
  }

  /** The error to fail the task with when the user function, or what finds the key for it, threw `cause`. */
  protected failed(cause: unknown): Error {
    return this.guard.failed(this.#method, cause)
  }

  /** The error for a function that answered a Promise. */
  protected promised(result: Promise<unknown>): Error {
    return this.guard.promised(this.#method, result)
  }
}
