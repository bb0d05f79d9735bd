import { MalformedDataError, type SimpleVersionedSerializer } from '@flink-ts/core'

/** Bytes in front of the value: its version, an unsigned number, most significant byte first. */
const HEADER_BYTES = 4

/** A value as its serializer writes it, with the version that it needs to be read again. */
export function encodeVersioned<T>(serializer: SimpleVersionedSerializer<T>, value: T): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(serializer.version)
  return Buffer.concat([header, serializer.serialize(value)])
}

/** What {@link encodeVersioned} was given. @throws MalformedDataError, and what the serializer throws */
export function decodeVersioned<T>(serializer: SimpleVersionedSerializer<T>, bytes: Uint8Array): T {
  if (bytes.length < HEADER_BYTES) {
    throw new MalformedDataError(
      `Expected a version in ${HEADER_BYTES} bytes, found ${bytes.length}`,
    )
  }
  const version = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32BE()
  return serializer.deserialize(version, bytes.subarray(HEADER_BYTES))
}
