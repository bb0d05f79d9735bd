import { KeyNotSupportedError, type RichFunction } from '@flink-ts/core'
import type { OneInputStreamOperator, OperatorContext, Output } from '@flink-ts/runtime/program'
import { promiseResultError, UserFunctionError } from '../functions/errors.js'
import type { AnyFunction, FunctionInstance, UserFunction } from '../functions/user-function.js'
import { KeyedContext } from './keyed-context.js'
import { createRuntimeContext } from './runtime-context.js'

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
  readonly #operatorContext: OperatorContext
  readonly #method: string
  readonly #rich: RichFunction | undefined

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
    this.#operatorContext = operatorContext
    this.#method = options.userFunction.method
    this.#rich = instance.rich
  }

  abstract processElement(value: unknown, timestamp: number): void

  open(): void | Promise<void> {
    if (this.#rich?.open === undefined) return
    const context = createRuntimeContext(this.#operatorContext, this.keyed)
    return this.#guarded('open', () => this.#rich!.open!(context))
  }

  finish(): void | Promise<void> {}

  close(): void | Promise<void> {
    if (this.#rich?.close === undefined) return
    return this.#guarded('close', () => this.#rich!.close!())
  }

  processWatermark(timestampMs: number): void {
    this.output.emitWatermark(timestampMs)
  }

  processWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void {
    this.output.emitWatermarkStatus(status)
  }

  protected get operatorName(): string {
    return this.#operatorContext.operatorName
  }

  /** The error to fail the task with when the user function, or what finds the key for it, threw `cause`. */
  protected failed(cause: unknown): Error {
    const { operatorName } = this.#operatorContext
    if (cause instanceof KeyNotSupportedError) return cause.of(operatorName)
    return new UserFunctionError({ operatorName, functionName: this.#method, cause })
  }

  /** The error for a function that answered a Promise. */
  protected promised(result: Promise<unknown>): Error {
    // Its own failure, should it come, is beside the point by then.
    result.catch(() => {})
    return promiseResultError(this.operatorName, this.#method)
  }

  async #guarded(functionName: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action()
    } catch (cause) {
      throw new UserFunctionError({ operatorName: this.operatorName, functionName, cause })
    }
  }
}
