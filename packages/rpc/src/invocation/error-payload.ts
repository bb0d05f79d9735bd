import type { SerializedError } from '@flink-ts/core'

/** Errors must fit into a message of any permitted size, and pass when the response did not. */
const MAX_TEXT_LENGTH = 64 * 1024
const MAX_CAUSES = 16

/** The wire form of what a handler threw: never fails, never exceeds about a megabyte. */
export function encodeError(error: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(toSerializedError(error, 0)))
}

/** Also accepts what a broken or foreign peer sent. */
export function decodeError(payload: Uint8Array): SerializedError {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString()
  try {
    return fromJson(JSON.parse(text), 0)
  } catch (cause) {
    return {
      name: 'Error',
      message: `the peer sent an unreadable error: ${JSON.stringify(text.slice(0, 200))} (${String(cause)})`,
    }
  }
}

function toSerializedError(error: unknown, depth: number): SerializedError {
  if (!(error instanceof Error)) return { name: 'Error', message: clip(describe(error)) }
  const { code, retriable } = error as { code?: unknown; retriable?: unknown }
  return {
    name: clip(String(error.name)),
    message: clip(String(error.message)),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof retriable === 'boolean' ? { retriable } : {}),
    ...(typeof error.stack === 'string' ? { stack: clip(error.stack) } : {}),
    ...(error.cause === undefined || depth >= MAX_CAUSES
      ? {}
      : { cause: toSerializedError(error.cause, depth + 1) }),
  }
}

function fromJson(json: unknown, depth: number): SerializedError {
  const { name, message, code, retriable, stack, cause } = json as Record<string, unknown>
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : '',
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof retriable === 'boolean' ? { retriable } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(typeof cause === 'object' && cause !== null && depth < MAX_CAUSES
      ? { cause: fromJson(cause, depth + 1) }
      : {}),
  }
}

function describe(value: unknown): string {
  try {
    return `a value that is no Error was thrown: ${String(value)}`
  } catch {
    return 'a value that is no Error and has no text was thrown'
  }
}

function clip(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH)}… (cut)`
}
