import { inspect } from 'node:util'
import { FlinkError } from './flink-error.js'
import type { SerializedError } from './serialized-error.js'

/** Longest chain of causes that crosses a border; what is deeper is dropped. */
export const MAX_CAUSE_DEPTH = 20
/** Longest message or stack, in characters; the rest is dropped. */
export const MAX_ERROR_TEXT_LENGTH = 32 * 1024

const MAX_FACTS = 20
/** Longest fact, in characters; a longer one does not travel. */
const MAX_FACT_LENGTH = 500
const NO_FACTS = new Set(['name', 'message', 'code', 'retriable', 'stack', 'cause'])

/**
 * Brings whatever was thrown into a form that crosses threads, RPC and REST. Never throws: user
 * code may throw anything, with causes in a circle and getters that throw themselves.
 */
export function serializeError(error: unknown): SerializedError {
  return serialize(error, MAX_CAUSE_DEPTH, new Set())
}

function serialize(error: unknown, depth: number, seen: Set<object>): SerializedError {
  if (typeof error !== 'object' || error === null) {
    return { name: 'Error', message: `${bounded(printable(error))} was thrown` }
  }
  seen.add(error)
  const message = read(error, 'message')
  if (typeof message !== 'string') {
    return { name: 'Error', message: `${bounded(printable(error))} was thrown` }
  }
  const name = read(error, 'name')
  const serialized: SerializedError = {
    name: typeof name === 'string' && name !== '' ? name.slice(0, 200) : 'Error',
    message: bounded(message),
  }
  const code = read(error, 'code')
  if (typeof code === 'string') serialized.code = code.slice(0, 200)
  const stack = read(error, 'stack')
  if (typeof stack === 'string') {
    // The engine wrote the first line before a subclass could set its name.
    serialized.stack = bounded(`${errorHeadline(serialized)}${framesOf(stack)}`)
  }
  const retriable = read(error, 'retriable')
  if (typeof retriable === 'boolean') serialized.retriable = retriable
  const values = factsOf(error)
  if (values !== undefined) serialized.facts = { values }
  const cause = causeOf(error)
  const circular = typeof cause === 'object' && cause !== null && seen.has(cause)
  if (cause !== undefined && cause !== null && !circular && depth > 1) {
    serialized.cause = serialize(cause, depth - 1, seen)
  }
  return serialized
}

/**
 * The error that {@link serializeError} took apart: a `FlinkError` if it has a `FLINK_` code, with
 * its name, code, stack and causes. `instanceof` with its first class fails; test the code.
 */
export function deserializeError(serialized: SerializedError): Error {
  return deserialize(serialized, MAX_CAUSE_DEPTH)
}

function deserialize(serialized: SerializedError, depth: number): Error {
  const { name, message, code, stack, retriable } = serialized
  const cause =
    serialized.cause === undefined || depth <= 1
      ? undefined
      : deserialize(serialized.cause, depth - 1)
  const error = code?.startsWith('FLINK_')
    ? new FlinkError(message, { code, retriable: retriable ?? false, cause })
    : new Error(message, cause === undefined ? undefined : { cause })
  const define = (key: string, value: unknown) =>
    Object.defineProperty(error, key, { value, configurable: true, writable: true })
  define('name', name)
  // The stack of this very place would mislead.
  define('stack', stack ?? errorHeadline(serialized))
  if (code !== undefined && !FlinkError.is(error)) define('code', code)
  for (const [key, value] of Object.entries(serialized.facts?.values ?? {})) {
    if (!NO_FACTS.has(key)) Object.defineProperty(error, key, { value, enumerable: true })
  }
  return error
}

/** The stack of `error` and, under `Caused by:`, those of its causes, without the frames they share. */
export function renderErrorChain(error: unknown): string {
  let text = ''
  let outerFrames: readonly string[] = []
  for (const link of chain(serializeError(error))) {
    const frames = framesOf(link.stack ?? '')
      .split('\n')
      .filter((line) => line !== '')
    const shared = text === '' ? 0 : sharedTail(frames, outerFrames)
    text += `${text === '' ? '' : '\nCaused by: '}${errorHeadline(link)}`
    for (const frame of frames.slice(0, frames.length - shared)) text += `\n${frame}`
    if (shared > 0) text += `\n    ... ${shared} more`
    outerFrames = frames
  }
  return text
}

/** The messages of `error` and its causes without stacks, for people at a terminal. */
export function userMessage(error: unknown): string {
  const messages: string[] = []
  for (const { name, message } of chain(serializeError(error))) {
    const text = message === '' ? name : message
    // Who wraps an error often repeats its message.
    if (!messages.some((earlier) => earlier.includes(text))) messages.push(text)
  }
  return messages.join('\nCaused by: ')
}

function* chain(error: SerializedError): Generator<SerializedError> {
  for (let link: SerializedError | undefined = error; link !== undefined; link = link.cause) {
    yield link
  }
}

/**
 * The first line of an error: name, the code if it is one of ours (docs/errors.md is keyed by them), and message,
 * such as `UserFunctionError [FLINK_USER_FUNCTION]: Map threw`.
 */
export function errorHeadline(error: {
  readonly name: string
  readonly message: string
  readonly code?: unknown
}): string {
  const { name, message, code } = error
  const isOurs = typeof code === 'string' && code.startsWith('FLINK_')
  const head = isOurs ? `${name} [${code}]` : name
  return message === '' ? head : `${head}: ${message}`
}

/** The part of a stack below its first line (which repeats name and message), with the line break. */
function framesOf(stack: string): string {
  const first = /\n\s+at /.exec(stack)
  return first === null ? '' : stack.slice(first.index)
}

function sharedTail(a: readonly string[], b: readonly string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a.at(-1 - n) === b.at(-1 - n)) n++
  // All of the frames: show them rather than nothing.
  return n === a.length ? 0 : n
}

function factsOf(error: object): Record<string, string> | undefined {
  if (!FlinkError.is(error)) return undefined
  const facts: [string, string][] = []
  for (const key of Object.keys(error)) {
    const value = NO_FACTS.has(key) ? undefined : read(error, key)
    if (typeof value !== 'string' || value.length > MAX_FACT_LENGTH) continue
    if (facts.length < MAX_FACTS) facts.push([key, value])
  }
  return facts.length === 0 ? undefined : Object.fromEntries(facts)
}

function causeOf(error: object): unknown {
  const cause = read(error, 'cause')
  if (cause !== undefined) return cause
  // That of an AggregateError; other errors keep mere facts under this name.
  const errors = read(error, 'errors')
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  return typeof first === 'object' ? first : undefined
}

function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key]
  } catch {
    // A getter of user code that throws tells nothing about the error itself.
    return undefined
  }
}

function printable(value: unknown): string {
  try {
    return typeof value === 'string' ? `'${value}'` : inspect(value, { depth: 2, breakLength: 100 })
  } catch {
    return `a value that cannot be printed (${typeof value})`
  }
}

function bounded(text: string): string {
  return text.length <= MAX_ERROR_TEXT_LENGTH
    ? text
    : `${text.slice(0, MAX_ERROR_TEXT_LENGTH - 1)}…`
}
