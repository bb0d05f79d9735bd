import { KeyNotSupportedError, type RichFunction } from '@flink-ts/core'
import type { OperatorContext } from '@flink-ts/runtime/program'
import { promiseResultError, UserFunctionError } from '../functions/errors.js'
import type { KeyedContext } from './keyed-context.js'
import { createRuntimeContext } from './runtime-context.js'

/** Opens and closes the object that an operator's functions are of, and puts the operator's name to their errors. */
export class UserFunctionGuard {
  readonly operatorName: string
  readonly #operatorContext: OperatorContext
  readonly #rich: RichFunction | undefined

  constructor(operatorContext: OperatorContext, rich: RichFunction | undefined) {
    this.operatorName = operatorContext.operatorName
    this.#operatorContext = operatorContext
    this.#rich = rich
  }

  open(keyed: KeyedContext | undefined): void | Promise<void> {
    if (this.#rich?.open === undefined) return
    const context = createRuntimeContext(this.#operatorContext, keyed)
    return this.#guarded('open', () => this.#rich!.open!(context))
  }

  close(): void | Promise<void> {
    if (this.#rich?.close === undefined) return
    return this.#guarded('close', () => this.#rich!.close!())
  }

  /** The error to fail the task with when a user function, or what finds the key for it, threw `cause`. */
  failed(functionName: string, cause: unknown): Error {
    const { operatorName } = this
    if (cause instanceof KeyNotSupportedError) return cause.of(operatorName)
    return new UserFunctionError({ operatorName, functionName, cause })
  }

  /** The error for a function that answered a Promise. */
  promised(functionName: string, result: Promise<unknown>): Error {
    // Its own failure, should it come, is beside the point by then.
    result.catch(() => {})
    return promiseResultError(this.operatorName, functionName)
  }

  async #guarded(functionName: string, action: () => void | Promise<void>): Promise<void> {
    try {
      await action()
    } catch (cause) {
      throw new UserFunctionError({ operatorName: this.operatorName, functionName, cause })
    }
  }
}
