import type { ByteWriter } from './byte-writer.js'

/** The most bytes of a number. */
export const MOST_NUMBER_BYTES = 10
const PLAIN = 0
const INT_16 = 0xf8
const INT_32 = 0xf9
const DOUBLE = 0xfa

/**
 * A value of the declared type `int` or `double`, as its serializer writes it: two of its calls for each value were a third of what a snapshot of numbers
 * costs. There must be room for {@link MOST_NUMBER_BYTES}.
 *
 * @returns where it ends
 */
export function writeNumber({ bytes, data }: ByteWriter, at: number, value: number): number {
  bytes[at] = PLAIN
  const p = at + 1
  if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
    bytes[p] = DOUBLE
    data.setFloat64(p + 1, value, true)
    return p + 9
  }
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < INT_16) {
    bytes[p] = zigzag
    return p + 1
  }
  if (zigzag < 0x10000) {
    bytes[p] = INT_16
    bytes[p + 1] = zigzag
    bytes[p + 2] = zigzag >>> 8
    return p + 3
  }
  bytes[p] = INT_32
  data.setUint32(p + 1, zigzag, true)
  return p + 5
}
