/** Bytes as they stand in JSON. */
interface BytesJson {
  readonly $bytes: string
}

/** JSON of a value whose parts may be bytes, big integers and maps with text keys. Read by {@link parseJsonWithBytes}. */
export function jsonWithBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(withoutBytes(value)))
}

/** What {@link jsonWithBytes} was given. @throws SyntaxError */
export function parseJsonWithBytes(json: Uint8Array): unknown {
  const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString()
  return JSON.parse(text, (_key, value) => {
    if (typeof value !== 'object' || value === null) return value
    const { $bytes, $bigint, $map } = value
    if (typeof $bytes === 'string') return Uint8Array.from(Buffer.from($bytes, 'base64'))
    if (typeof $bigint === 'string') return BigInt($bigint)
    return Array.isArray($map) ? new Map($map) : value
  })
}

function withoutBytes(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: `${value}` }
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return bytesToJson(value)
  if (value instanceof Map) {
    return { $map: [...value].map(([key, entry]) => [key, withoutBytes(entry)]) }
  }
  if (Array.isArray(value)) return value.map(withoutBytes)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutBytes(part)]))
}

function bytesToJson(bytes: Uint8Array): BytesJson {
  const { buffer, byteOffset, byteLength } = bytes
  return { $bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64') }
}
