/** A place in bytes, by "docs/state-format.md". */
export class Bytes {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length
  }

  take(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new Error('the bytes end too early')
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }

  u8(): number {
    return this.take(1)[0]!
  }

  u16(): number {
    return this.take(2).readUInt16LE()
  }

  u32(): number {
    return this.take(4).readUInt32LE()
  }

  u64(): number {
    return Number(this.take(8).readBigUInt64LE())
  }

  f64(): number {
    return this.take(8).readDoubleLE()
  }

  i64(): bigint {
    return this.take(8).readBigInt64LE()
  }

  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8()
      value += (byte % 128) * factor
      if (byte < 128) return value
    }
  }

  times<T>(read: () => T): T[] {
    return Array.from({ length: this.varint() }, read)
  }

  bigEndian(): bigint {
    return this.take(this.varint()).reduce((value, byte) => value * 256n + BigInt(byte), 0n)
  }
}
