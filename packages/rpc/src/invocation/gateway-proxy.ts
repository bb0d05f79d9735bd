import { RemoteRpcError } from '../errors/remote-rpc-error.js'
import { RpcMessageTooLargeError } from '../errors/rpc-message-too-large-error.js'
import type { FencingToken } from '../fencing-token.js'
import type { GatewayDefinition, MethodDefinition } from '../gateway-definition.js'
import type { CallOptions } from '../rpc-service.js'
import { decodeError } from './error-payload.js'
import type { Send } from './invocation.js'
import { refusalError } from './refusal.js'

export interface GatewayProxyOptions<G extends object> {
  address: string
  endpointId: string
  definition: GatewayDefinition<G>
  fencingToken: FencingToken | undefined
  defaultTimeoutMs: number
  maxMessageBytes: number
  send: Send
}

/** The calling half of every transport: an object whose methods encode, send, and decode. */
export function gatewayProxy<G extends object>(options: GatewayProxyOptions<G>): G {
  const { address, endpointId, definition, fencingToken, maxMessageBytes } = options
  const methods = Object.entries<MethodDefinition>(definition.methods)
  const proxy: Record<string, unknown> = {}
  for (const [method, codec] of methods) {
    const subject = `${definition.name}.${method}`
    const target = `${subject} of ${endpointId} at ${address}`
    proxy[method] = async (request: object, callOptions?: CallOptions): Promise<object> => {
      const payload = codec.encodeRequest(request)
      if (payload.byteLength > maxMessageBytes) {
        throw new RpcMessageTooLargeError({
          subject: `${subject} request`,
          sizeBytes: payload.byteLength,
          limitBytes: maxMessageBytes,
        })
      }
      const timeoutMs = callOptions?.timeoutMs ?? options.defaultTimeoutMs
      const invocation = { endpointId, method, fencingToken, payload, target }
      const reply = await options.send(invocation, timeoutMs)
      if (reply.kind === 'refusal') throw refusalError(reply.payload, target)
      if (reply.kind === 'handler-error') {
        throw new RemoteRpcError(decodeError(reply.payload), target)
      }
      if (reply.payload.byteLength > maxMessageBytes) {
        throw new RpcMessageTooLargeError({
          subject: `${subject} response`,
          sizeBytes: reply.payload.byteLength,
          limitBytes: maxMessageBytes,
        })
      }
      return codec.decodeResponse(reply.payload)
    }
  }
  // The definition lists every method of G; the type system cannot follow the loop.
  return proxy as G
}
