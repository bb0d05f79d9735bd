import { type SerializedError, serializeError } from '@flink-ts/core'

/** As many as `serializeError` writes; a foreign peer may send more. */
const MAX_CAUSES = 20

/** The wire form of what a handler threw: never fails, bounded in size. */
export function encodeError(error: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(serializeError(error)))
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
