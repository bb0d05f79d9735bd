/** Below this length a loop is faster than a call into native code. */
const SHORT = 48

/** Orders bytes as unsigned numbers, a prefix before what it begins. @returns below, equal to or above 0 */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const shared = aLength < bLength ? aLength : bLength
  for (let i = 0; i < shared; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

export function equalBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = length - 1; i >= 0; i--) if (a[aStart + i] !== b[bStart + i]) return false
  return true
}

/** Copies `length` bytes; the two must not overlap. */
export function copyBytes(
  from: Buffer,
  fromStart: number,
  to: Buffer,
  toStart: number,
  length: number,
): void {
  if (length > SHORT) {
    from.copy(to, toStart, fromStart, fromStart + length)
    return
  }
  for (let i = 0; i < length; i++) to[toStart + i] = from[fromStart + i]!
}

/** The key group that a key of the store begins with. */
export function keyGroupOf(bytes: Uint8Array, start: number): number {
  return (bytes[start]! << 8) | bytes[start + 1]!
}

export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest >>>= 7) length++
  return length
}

/** Unsigned LEB128 below 2^31. @returns the position after it */
export function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let [rest, at] = [value, position]
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}
