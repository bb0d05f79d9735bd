import { MalformedDataError, type SimpleVersionedSerializer } from '@flink-ts/core'

/** Writes plain JSON values as UTF-8 JSON, version 1. */
export function jsonSerializer<T>(what: string): SimpleVersionedSerializer<T> {
  return {
    version: 1,
    serialize: (value) => Buffer.from(JSON.stringify(value)),
    deserialize(version, bytes) {
      if (version !== 1) {
        throw new MalformedDataError(`Cannot read ${what} of version ${version}: only 1 is known`)
      }
      try {
        return JSON.parse(Buffer.from(bytes).toString()) as T
      } catch (cause) {
        throw new MalformedDataError(`Cannot read ${what}: it is not JSON`, { cause })
      }
    },
  }
}
