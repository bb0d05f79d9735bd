/** Reads what Java's `Writable`s write; every length is checked before anything is made of it. */
export class WritableReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** How many elements follow. @throws Error if that many cannot fit */
  count(): number {
    return this.#length('elements')
  }

  /** A copy. @throws Error if they are cut off */
  bytes(): Uint8Array {
    const length = this.#length('bytes')
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }

  text(): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.bytes())
  }

  /** @throws Error if something follows */
  end(): void {
    const rest = this.#bytes.length - this.#at
    if (rest > 0) throw new Error(`${rest} bytes follow the end`)
  }

  #length(what: string): number {
    const length = this.#vint()
    const rest = this.#bytes.length - this.#at
    if (length < 0 || length > rest)
      throw new Error(`${length} ${what} are announced where ${rest} bytes are left`)
    return length
  }

  #vint(): number {
    const first = this.#byte()
    if (first >= -112) return first
    const isNegative = first < -120
    let size = isNegative ? -(first + 120) : -(first + 112)
    let value = 0n
    for (; size > 0; size--) value = (value << 8n) | BigInt(this.#byte() & 0xff)
    return Number(isNegative ? ~value : value)
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('they are cut off')
    return (byte << 24) >> 24
  }
}

/** Writes what Java's `Writable`s read. */
export class WritableWriter {
  readonly #parts: Uint8Array[] = []

  /** An integer of 0 or more. */
  vint(value: number): void {
    if (value <= 127) {
      this.#parts.push(Uint8Array.of(value))
      return
    }
    const bytes: number[] = []
    for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
    this.#parts.push(Uint8Array.of(-112 - bytes.length, ...bytes))
  }

  bytes(value: Uint8Array): void {
    this.vint(value.length)
    this.#parts.push(value)
  }

  text(value: string): void {
    this.bytes(new TextEncoder().encode(value))
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}
