import assert from 'node:assert/strict'
import protobuf from 'protobufjs/light.js'
import { HADOOP_RPC_DESCRIPTOR, type HadoopMessages } from './messages.generated.js'

let root: protobuf.Root | undefined
const types = new Map<keyof HadoopMessages, protobuf.Type>()

/** Absent lists and fields are left out. */
export type MessageInput<T> = T extends Uint8Array | bigint
  ? T
  : T extends readonly (infer E)[]
    ? readonly MessageInput<E>[]
    : T extends object
      ? {
          readonly [K in keyof T as T[K] extends readonly unknown[] ? never : K]: MessageInput<T[K]>
        } & {
          readonly [K in keyof T as T[K] extends readonly unknown[] ? K : never]?: MessageInput<
            T[K]
          >
        }
      : T

/** The bytes of a message. */
export function encodeMessage<K extends keyof HadoopMessages>(
  name: K,
  value: MessageInput<HadoopMessages[K]>,
): Uint8Array {
  const type = typeOf(name)
  return type.encode(type.fromObject(value as Record<string, unknown>)).finish()
}

/**
 * The message in some bytes. What the descriptor does not know, values of enums too, is skipped.
 *
 * @throws Error if the bytes are no such message
 */
export function decodeMessage<K extends keyof HadoopMessages>(
  name: K,
  bytes: Uint8Array,
): HadoopMessages[K] {
  const type = typeOf(name)
  return type.toObject(type.decode(bytes), {
    longs: BigInt,
    enums: String,
    arrays: true,
  }) as HadoopMessages[K]
}

function typeOf(name: keyof HadoopMessages): protobuf.Type {
  let type = types.get(name)
  if (type === undefined) {
    // Without it, numbers of containers would be rounded.
    assert.ok(protobuf.util.Long, 'protobufjs has found no Long')
    root ??= protobuf.Root.fromJSON(JSON.parse(HADOOP_RPC_DESCRIPTOR) as protobuf.INamespace)
    type = root.lookupType(`hadoop.${name}`)
    types.set(name, type)
  }
  return type
}
