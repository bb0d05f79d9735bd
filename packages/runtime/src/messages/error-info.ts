import { deserializeError, serializeError } from '@flink-ts/core'
import type { ErrorInfo } from './messages.generated.js'

/** The form in which `error` travels in a message: bounded in size, never fails. */
export function toErrorInfo(error: unknown): ErrorInfo {
  return serializeError(error)
}

/** What travelled, as an error of this process that passes for the original by `name` and `code`. */
export function fromErrorInfo(info: ErrorInfo): Error {
  return deserializeError(info)
}
