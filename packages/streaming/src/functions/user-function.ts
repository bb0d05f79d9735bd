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
  /** The object as the program handed it over: the first subtask uses the object itself. */
  readonly #template: RichFunction | undefined
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
    if (typeof this.#given !== 'function') this.#template = copyOf(this.#given)
  }

  /**
   * The function for one more subtask. Objects have fields that subtasks must not share: those that run in one
   * thread get copies.
   */
  instance(): FunctionInstance<F> {
    const given = this.#given
    if (typeof given === 'function') return { call: given as F, rich: undefined }
    const isFirst = this.#instances++ === 0
    if (!isFirst) refuseHiddenMembers(given)
    const own = isFirst ? given : copyOf(this.#template!)
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
  const prototype = Object.getPrototypeOf(object) as object
  const copy = Object.create(prototype) as Record<string, unknown>
  for (const [field, value] of Object.entries(object)) copy[field] = copyOfData(value)
  return copy as RichFunction
}

/** Containers are copied, all else (functions, instances of classes) is shared. */
function copyOfData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOfData)
  if (value instanceof Map) return new Map([...value].map(([k, v]) => [k, copyOfData(v)]))
  if (value instanceof Set) return new Set(value)
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copyOfData(v)]))
}

function refuseHiddenMembers(object: RichFunction): void {
  const source = Function.prototype.toString.call(object.constructor)
  if (!source.startsWith('class') || !/[\s{;(.]#[A-Za-z_$]/.test(source)) return
  throw new InvalidProgramError(
    `Cannot copy function object ${object.constructor.name} for a second subtask in this thread: ` +
      'it has #private members, which cannot be copied; declare them `private` instead',
  )
}
