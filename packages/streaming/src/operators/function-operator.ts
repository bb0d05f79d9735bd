import type { OneInputStreamOperator, OperatorContext, Output } from '@flink-ts/runtime/program'
import type { AnyFunction, FunctionInstance, UserFunction } from '../functions/user-function.js'
import { KeyedContext } from './keyed-context.js'
import { UserFunctionGuard } from './user-function-guard.js'

/** What every operator with one user function is made of. */
export interface FunctionOperatorOptions<F extends AnyFunction> {
  readonly operatorContext: OperatorContext
  readonly userFunction: UserFunction<F>
  /** Behind `keyBy`. */
  readonly keySelector: ((value: unknown) => unknown) | undefined
}

/** Base of the operators that call a user function per element: life cycle, watermarks, errors. */
export abstract class FunctionOperator<F extends AnyFunction> implements OneInputStreamOperator {
  protected readonly output: Output
  protected readonly call: F
  /** Set when the function uses keyed state: the key must be told to it before each call. */
  protected readonly keyed: KeyedContext | undefined
  protected readonly guard: UserFunctionGuard
  readonly #method: string

  constructor(options: FunctionOperatorOptions<F>) {
    const instance: FunctionInstance<F> = options.userFunction.instance()
    const { operatorContext, keySelector } = options
    this.output = operatorContext.output
    this.call = instance.call
    // A plain function has no way to state.
    this.keyed =
      keySelector === undefined || instance.rich?.open === undefined
        ? undefined
        : new KeyedContext(operatorContext, keySelector)
    this.guard = new UserFunctionGuard(operatorContext, instance.rich)
    this.#method = options.userFunction.method
  }

  abstract processElement(value: unknown, timestamp: number): void

  open(): void | Promise<void> {
    return this.guard.open(this.keyed)
  }

  finish(): void | Promise<void> {}

  close(): void | Promise<void> {
    return this.guard.close()
  }

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
