import type { RichFunction } from '@flink-ts/core'
import { InvalidProgramError } from './errors.js'

// biome-ignore lint/suspicious/noExplicitAny: functions of all kinds are held here; operators give them types
export type AnyFunction = (...args: any[]) => any

/** A user function as one subtask calls it. */
export interface FunctionInstance<F extends AnyFunction> {
  readonly call: F
  /** The object with `open` and `close`, if it is one. */
  readonly rich: RichFunction | undefined
}

/** A function that the program handed over: a plain one, or an object with the one method `method`. */
export class UserFunction<F extends AnyFunction> {
  /** The name of what it does, such as `map`; for messages. */
  readonly method: string
  /** The function whose captured values are compared between traces. */
  readonly captured: CallableFunction
  readonly #given: AnyFunction | RichFunction
  #instances = 0

  /** @throws InvalidProgramError if `given` is neither, or is an async function */
  constructor(given: unknown, method: string, operation: string) {
    const found = typeof given === 'function' ? given : methodOf(given, method)
    if (typeof found !== 'function') {
      throw new InvalidProgramError(
        `Cannot use ${given === null ? 'null' : typeof given} as the function of ${operation}: expected ` +
          `a function, or an object with a method '${method}'`,
      )
    }
    if (isAsync(found)) {
      throw new InvalidProgramError(
        `Cannot use an async function for ${operation}: it would answer a Promise; ` +
          'use mapAsync for asynchronous work',
      )
    }
    this.method = method
    this.captured = found
    this.#given = given as AnyFunction | RichFunction
  }

  /**
   * The function for one more subtask. Objects have fields that subtasks must not share: those that run in one
   * thread get copies.
   */
  instance(): FunctionInstance<F> {
    const given = this.#given
    if (typeof given === 'function') return { call: given as F, rich: undefined }
    const own = this.#instances++ === 0 ? given : copyOf(given)
    const call = methodOf(own, this.method) as F
    return { call: call.bind(own) as F, rich: own }
  }
}

function methodOf(object: unknown, method: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined
  return (object as Record<string, unknown>)[method]
}

function isAsync(fn: CallableFunction): boolean {
  return Object.prototype.toString.call(fn) === '[object AsyncFunction]'
}

function copyOf(object: RichFunction): RichFunction {
  const prototype: unknown = Object.getPrototypeOf(object)
  const source = Function.prototype.toString.call(object.constructor)
  if (source.startsWith('class') && /[\s{;(.]#[A-Za-z_$]/.test(source)) {
    throw new InvalidProgramError(
      `Cannot copy function object ${object.constructor.name} for a second subtask in this thread: ` +
        'it has #private members, which cannot be copied; declare them `private` instead',
    )
  }
  return Object.assign(Object.create(prototype as object) as RichFunction, object)
}
