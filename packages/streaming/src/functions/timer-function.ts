import type { OnTimer } from '../operators/process-scope.js'
import { InvalidProgramError } from './errors.js'
import { checkedFunction } from './user-function.js'

/** What is called when timers of a process function fire. */
export interface TimerFunction {
  /** Undefined: a method of the function object, or there is none. */
  readonly plain: OnTimer | undefined
  /** The functions whose captured values are compared between traces. */
  readonly captured: readonly CallableFunction[]
}

/**
 * The function of timers, of an object `fn` its method.
 *
 * @param onTimer beside a plain function
 * @throws InvalidProgramError if it is no function, or an async one
 */
export function timerFunction(fn: unknown, onTimer: unknown): TimerFunction {
  if (typeof fn !== 'function') {
    if (onTimer !== undefined) {
      throw new InvalidProgramError(
        'Cannot use a second function beside a function object of process: its onTimer is to be a method of the object',
      )
    }
    const method = (fn as { readonly onTimer?: unknown }).onTimer
    if (method === undefined) return { plain: undefined, captured: [] }
    return { plain: undefined, captured: [checkedFunction(method, fn, 'onTimer', 'process')] }
  }
  if (onTimer === undefined) return { plain: undefined, captured: [] }
  const plain = checkedFunction(onTimer, onTimer, 'onTimer', 'process')
  return { plain: plain as unknown as OnTimer, captured: [plain] }
}
