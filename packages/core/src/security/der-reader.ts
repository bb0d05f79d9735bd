/** One value of the Distinguished Encoding Rules of ASN.1, which certificates and their containers are written in. */
export interface DerValue {
  /** Class, form and number as the first byte has them; the tags that matter here are one byte. */
  readonly tag: number
  readonly content: Buffer
}

export const DerTag = {
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  context0: 0xa0,
  /** Context 0 in the place of a primitive type. */
  primitive0: 0x80,
} as const

/** Reads the values that follow one another in `bytes`. @throws Error on anything else than DER */
export function readDerValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!
    const [length, start] = readLength(bytes, at + 1)
    const end = start + length
    if (end > bytes.length) throw new Error(`a value of ${length} bytes ends behind the file`)
    values.push({ tag, content: bytes.subarray(start, end) })
    at = end
  }
  return values
}

/** The values within `value`. @throws Error if its tag is another one */
export function derChildren(value: DerValue | undefined, tag: number): DerValue[] {
  return readDerValues(derContent(value, tag))
}

/** The bytes of `value`. @throws Error if its tag is another one */
export function derContent(value: DerValue | undefined, tag: number): Buffer {
  if (value?.tag !== tag) {
    throw new Error(`tag ${tag} was expected, not ${value === undefined ? 'the end' : value.tag}`)
  }
  return value.content
}

/** An object identifier as text, such as `1.2.840.113549.1.7.1`. */
export function derObjectIdentifier(value: DerValue | undefined): string {
  const bytes = derContent(value, DerTag.objectIdentifier)
  const first = bytes[0] ?? 0
  const parts = [Math.floor(first / 40), first % 40]
  let part = 0
  for (const byte of bytes.subarray(1)) {
    part = part * 128 + (byte & 0x7f)
    if ((byte & 0x80) !== 0) continue
    parts.push(part)
    part = 0
  }
  return parts.join('.')
}

/** A small integer that is not negative. */
export function derInteger(value: DerValue | undefined): number {
  const bytes = derContent(value, DerTag.integer)
  if (bytes.length === 0 || bytes.length > 5 || bytes[0]! >= 0x80) {
    throw new Error('an integer is out of range')
  }
  return bytes.readUIntBE(0, bytes.length)
}

function readLength(bytes: Buffer, at: number): [length: number, next: number] {
  const first = bytes[at]
  if (first === undefined) throw new Error('the file ends within a value')
  if (first < 0x80) return [first, at + 1]
  const size = first & 0x7f
  if (size === 0 || size > 4 || at + 1 + size > bytes.length) {
    throw new Error('a length has a form that DER does not know')
  }
  return [bytes.readUIntBE(at + 1, size), at + 1 + size]
}
