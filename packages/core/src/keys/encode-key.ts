import { KeyWriter } from './key-writer.js'

const writer = new KeyWriter()

/**
 * The canonical bytes of a key: equal keys, and only they, have equal bytes, on every machine and
 * in every Node version. Keys are compared by value as SameValueZero does (`-0` is `0`, NaN is
 * NaN); `1`, `1n`, `'1'` and `true` are four keys.
 *
 * The format is a tag byte ({@link KeyTag}) and a body:
 *
 * | tag | key | body |
 * | --- | --- | --- |
 * | 1, 2 | `false`, `true` | nothing |
 * | 3 | number | IEEE 754 double, little-endian; -0 as 0, NaN as `7ff8000000000000` |
 * | 4 | bigint | 1 byte sign (0 positive or zero, 1 negative), varint n, n bytes of magnitude, big-endian, no leading zero |
 * | 5 | string | varint n, n bytes UTF-8; a lone surrogate as the three bytes of its code (WTF-8) |
 * | 6 | Date | milliseconds as a number's body |
 * | 7 | Uint8Array, Buffer | varint n, n bytes |
 * | 8 | array | varint n, n keys |
 * | 9 | plain object | varint n, n times: name (body of a string), key; ordered by the names' UTF-16 code units |
 *
 * A varint is unsigned LEB128.
 *
 * @throws KeyNotSupportedError (`FLINK_KEY_NOT_SUPPORTED`) naming the path of the part at fault
 */
export function encodeKey(key: unknown): Uint8Array {
  writer.length = 0
  writer.writeKey(key)
  return writer.bytes.slice(0, writer.length)
}

/** {@link encodeKey} as a string of one character per byte, to look up in a Map. @internal */
export function encodeKeyAsText(key: unknown): string {
  writer.length = 0
  writer.writeKey(key)
  return Buffer.from(writer.bytes.buffer, 0, writer.length).toString('latin1')
}
