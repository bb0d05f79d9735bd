import { encodeMessage, type MessageInput } from '../messages/message-codec.js'
import type { RpcSaslMessage } from '../messages/messages.generated.js'
import { packetOf } from './delimited.js'
import type { IpcAuthentication } from './ipc-settings.js'

/** Ids of what is no call. */
export const SASL_CALL_ID = -33
export const CONTEXT_CALL_ID = -3
export const PING_CALL_ID = -4

const PROTOCOL_BUFFER = 2
const FINAL_PACKET = 0
const NO_CLIENT = new Uint8Array(0)

/** What a connection begins with: "hrpc", version 9, service class 0, and whether SASL follows. */
export function connectionHeader(authentication: IpcAuthentication): Uint8Array {
  return Uint8Array.of(0x68, 0x72, 0x70, 0x63, 9, 0, authentication.kind === 'token' ? 0xdf : 0)
}

export function saslPacket(message: MessageInput<RpcSaslMessage>): Uint8Array {
  return packetOf([header(SASL_CALL_ID, NO_CLIENT, -1), encodeMessage('RpcSasl', message)])
}

/** Which protocol the calls of a connection are of; who calls is known from the token, if there is one. */
export function contextPacket(
  clientId: Uint8Array,
  protocol: string,
  authentication: IpcAuthentication,
): Uint8Array {
  const userInfo =
    authentication.kind === 'simple' ? { effectiveUser: authentication.user } : undefined
  return packetOf([
    header(CONTEXT_CALL_ID, clientId, -1),
    encodeMessage('IpcConnectionContext', { userInfo, protocol }),
  ])
}

/** Something to hear a broken connection by; servers do not answer. */
export function pingPacket(clientId: Uint8Array): Uint8Array {
  return packetOf([header(PING_CALL_ID, clientId, -1)])
}

export function callPacket(
  callId: number,
  clientId: Uint8Array,
  protocol: string,
  methodName: string,
  argument: Uint8Array,
): Uint8Array {
  const request = encodeMessage('RequestHeader', {
    methodName,
    declaringClassProtocolName: protocol,
    clientProtocolVersion: 1n,
  })
  return packetOf([header(callId, clientId, 0), request, argument])
}

function header(callId: number, clientId: Uint8Array, retryCount: number): Uint8Array {
  return encodeMessage('RpcRequestHeader', {
    rpcKind: PROTOCOL_BUFFER,
    rpcOp: FINAL_PACKET,
    callId,
    clientId,
    retryCount,
  })
}
