import type { Metadata } from '@grpc/grpc-js'
import { RpcMessageError } from '../errors/rpc-message-error.js'
import type { FencingToken } from '../fencing-token.js'
import type { Invocation, Reply } from '../invocation/invocation.js'

/** The one method that carries all calls. */
export const CALL_PATH = '/flink.rpc.FlinkRpc/Call'

const ENDPOINT = 'flink-endpoint'
const METHOD = 'flink-method'
const FENCING_EPOCH = 'flink-fencing-epoch'
const FENCING_UUID = 'flink-fencing-uuid'

/** First byte of a response body. */
const REPLY_KINDS = ['response', 'handler-error', 'refusal'] as const

/** Beyond the payload: the kind of the reply. */
export const REPLY_OVERHEAD_BYTES = 1

export function writeInvocation(invocation: Invocation, metadata: Metadata): void {
  metadata.set(ENDPOINT, invocation.endpointId)
  metadata.set(METHOD, invocation.method)
  if (invocation.fencingToken !== undefined) {
    metadata.set(FENCING_EPOCH, String(invocation.fencingToken.epoch))
    metadata.set(FENCING_UUID, invocation.fencingToken.uuid)
  }
}

/** @throws RpcMessageError when the metadata is not that of a flink-ts peer. */
export function readInvocation(metadata: Metadata, payload: Uint8Array): Invocation {
  return {
    endpointId: requiredText(metadata, ENDPOINT),
    method: requiredText(metadata, METHOD),
    fencingToken: readFencingToken(metadata),
    payload,
  }
}

export function serializeReply(reply: Reply): Buffer {
  const kind = Buffer.of(REPLY_KINDS.indexOf(reply.kind))
  return Buffer.concat([kind, reply.payload])
}

/** @throws RpcMessageError when the body is not that of a flink-ts peer. */
export function deserializeReply(body: Buffer): Reply {
  const kind = REPLY_KINDS[body[0] ?? REPLY_KINDS.length]
  if (kind === undefined) throw invalid('a response body', 'its first byte is no kind of reply')
  return { kind, payload: body.subarray(1) }
}

function readFencingToken(metadata: Metadata): FencingToken | undefined {
  const epochText = text(metadata, FENCING_EPOCH)
  if (epochText === undefined) return undefined
  const epoch = Number(epochText)
  if (!/^\d+$/.test(epochText) || !Number.isSafeInteger(epoch)) {
    throw invalid(FENCING_EPOCH, `must be an integer from 0 but is ${JSON.stringify(epochText)}`)
  }
  return { epoch, uuid: requiredText(metadata, FENCING_UUID) }
}

function requiredText(metadata: Metadata, key: string): string {
  const value = text(metadata, key)
  if (value === undefined) throw invalid(key, 'is missing')
  return value
}

function text(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)[0]
  return typeof value === 'string' ? value : undefined
}

function invalid(field: string, problem: string): RpcMessageError {
  return new RpcMessageError({ subject: 'gRPC call', field, problem })
}
