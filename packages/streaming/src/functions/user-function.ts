import type { RichFunction } from '@flink-ts/core'
import type { DeclaredState } from '@flink-ts/runtime/program'
import { declaredStates } from './declared-states.js'
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
  /** States that it tells of. */
  readonly states: readonly DeclaredState[]
  readonly #plain: F | undefined
  readonly #object: FunctionObject | undefined

  /** @throws InvalidProgramError if `given` is neither, or is an async function */
  constructor(given: unknown, method: string, operation: string) {
    this.method = method
    this.states = declaredStates(given)
    if (typeof given === 'function') {
      this.captured = checkedFunction(given, given, method, operation)
      this.#plain = given as F
    } else {
      this.captured = checkedFunction(methodOf(given, method), given, method, operation)
      this.#object = new FunctionObject(given as RichFunction)
    }
  }

  /**
   * The function for one more subtask. Objects have fields that subtasks must not share: those that run in one
   * thread get copies.
   */
  instance(): FunctionInstance<F> {
    if (this.#plain !== undefined) return { call: this.#plain, rich: undefined }
    const own = this.#object!.instance()
    return { call: boundMethod(own, this.method) as F, rich: own }
  }
}

/** The functions of an operator with two inputs as one subtask calls them. */
export interface CoFunctionInstance<F extends AnyFunction> {
  readonly calls: readonly [F, F]
  /** The object with `open` and `close`, if they are of one. */
  readonly rich: RichFunction | undefined
}

/** Two functions that the program handed over: plain ones, or the methods `methods` of one object. */
export class CoUserFunction<F extends AnyFunction> {
  /** Such as `map1` and `map2`; for messages. */
  readonly methods: readonly [string, string]
  /** The functions whose captured values are compared between traces. */
  readonly captured: readonly CallableFunction[]
  /** States that the object tells of. */
  readonly states: readonly DeclaredState[]
  readonly #plain: readonly [F, F] | undefined
  readonly #object: FunctionObject | undefined

  /**
   * @param first a function, with `second`; or an object with both methods
   * @throws InvalidProgramError if they are neither, or are async functions
   */
  constructor(
    first: unknown,
    second: unknown,
    methods: readonly [string, string],
    operation: string,
  ) {
    this.methods = methods
    this.states = declaredStates(first)
    if (typeof first === 'function' || second !== undefined) {
      const given = [first, second] as const
      this.captured = given.map((fn, i) => checkedFunction(fn, fn, methods[i]!, operation))
      this.#plain = given as unknown as [F, F]
    } else {
      this.captured = methods.map((m) => checkedFunction(methodOf(first, m), first, m, operation))
      this.#object = new FunctionObject(first as RichFunction)
    }
  }

  /** The functions for one more subtask; see {@link UserFunction.instance}. */
  instance(): CoFunctionInstance<F> {
    if (this.#plain !== undefined) return { calls: this.#plain, rich: undefined }
    const own = this.#object!.instance()
    const [first, second] = this.methods
    return { calls: [boundMethod(own, first) as F, boundMethod(own, second) as F], rich: own }
  }
}

/** An object with functions, of which each subtask has its own. */
class FunctionObject {
  readonly #given: RichFunction
  /** As the program handed it over: the first subtask uses the object itself. */
  readonly #template: RichFunction
  #instances = 0

  constructor(given: RichFunction) {
    this.#given = given
    this.#template = copyOf(given)
  }

  instance(): RichFunction {
    if (this.#instances++ === 0) return this.#given
    refuseHiddenMembers(this.#given)
    return copyOf(this.#template)
  }
}

/** @throws InvalidProgramError if `found` is no function, or an async one */
export function checkedFunction(
  found: unknown,
  given: unknown,
  method: string,
  operation: string,
): CallableFunction {
  if (typeof found !== 'function') {
    throw new InvalidProgramError(
      `Cannot use ${given === null ? 'null' : typeof given} as the function of ${operation}: expected ` +
        `a function, or an object with a method '${method}'`,
    )
  }
  if (isAsync(found)) {
    throw new InvalidProgramError(
      `Cannot use an async function for ${operation}: it would answer a Promise; ` +
        'asynchronous functions are not in this release',
    )
  }
  return found
}

function boundMethod(object: RichFunction, method: string): AnyFunction {
  return (methodOf(object, method) as AnyFunction).bind(object) as AnyFunction
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
  if (!source.startsWith('class') || !/[\s{;(.]#(?!\$\{)[A-Za-z_$]/.test(source)) return
  throw new InvalidProgramError(
    `Cannot copy function object ${object.constructor.name} for a second subtask in this thread: ` +
      'it has #private members, which cannot be copied; declare them `private` instead',
  )
}
