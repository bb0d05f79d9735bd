import { renderErrorChain, type SerializedError } from '@flink-ts/core'
import type { SerializedThrowableBody } from '../messages/messages.js'

/** How an error of the cluster stands in a body. */
export function serializedThrowable(cause: SerializedError): SerializedThrowableBody {
  return {
    class: cause.name,
    'stack-trace': renderErrorChain(cause),
    'serialized-throwable': Buffer.from(JSON.stringify(cause)).toString('base64'),
  }
}
