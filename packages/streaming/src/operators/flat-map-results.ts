import type { Output } from '@flink-ts/runtime/program'
import { FunctionResultError } from '../functions/errors.js'
import type { UserFunctionGuard } from './user-function-guard.js'

/** Emits what a flatMap function answers: the elements of an array or any iterable object; null and undefined are none. */
export class FlatMapResults {
  readonly #output: Output
  readonly #guard: UserFunctionGuard
  readonly #method: string

  /** @param method such as `flatMap`; for messages */
  constructor(output: Output, guard: UserFunctionGuard, method: string) {
    this.#output = output
    this.#guard = guard
    this.#method = method
  }

  emit(result: unknown, timestamp: number): void {
    if (Array.isArray(result)) {
      const output = this.#output
      // The length is read once: who grows the array while it is emitted would never end.
      for (let i = 0, n = result.length; i < n; i++) output.collect(result[i], timestamp)
    } else if (result !== undefined && result !== null) {
      this.#emitIterable(result, timestamp)
    }
  }

  #emitIterable(result: unknown, timestamp: number): void {
    const { operatorName } = this.#guard
    if (result instanceof Promise) throw this.#guard.promised(this.#method, result)
    if (typeof result !== 'object' || !(Symbol.iterator in (result as object))) {
      throw new FunctionResultError(
        `Operator '${operatorName}': its ${this.#method} function answered a ${typeof result}; expected an ` +
          'array or another iterable object, or nothing at all when it uses the collector',
        operatorName,
      )
    }
    const iterator = (result as Iterable<unknown>)[Symbol.iterator]()
    for (;;) {
      let next: IteratorResult<unknown>
      try {
        next = iterator.next()
      } catch (error) {
        throw this.#guard.failed(this.#method, error)
      }
      if (next.done === true) return
      this.#output.collect(next.value, timestamp)
    }
  }
}
