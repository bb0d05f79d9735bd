const HTTP = 0x48545450
const OLD_FATAL = 0xffffffff
const MAX_OLD_TEXT = 64 * 1024

/** Cuts what a server sends into packets; throws what people are told if it is something else. */
export class PacketReader {
  readonly #maxLength: number
  readonly #chunks: Uint8Array[] = []
  #length = 0

  /** @param maxLength of a packet, in bytes */
  constructor(maxLength: number) {
    this.#maxLength = maxLength
  }

  /**
   * The packets that are complete with these bytes, without their lengths.
   *
   * @throws Error if a packet is too long, or these are no packets
   */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    this.#chunks.push(bytes)
    this.#length += bytes.length
    const packets: Uint8Array[] = []
    while (this.#length >= 4) {
      const length = this.#packetLength()
      if (length === undefined || this.#length < 4 + length) break
      this.#join()
      const joined = this.#chunks[0]!
      packets.push(joined.subarray(4, 4 + length))
      this.#chunks[0] = joined.subarray(4 + length)
      this.#length -= 4 + length
    }
    // What is empty may still be a view of a large packet.
    if (this.#length === 0) this.#chunks.length = 0
    return packets
  }

  /** Whether the stream may end here. */
  get isBetweenPackets(): boolean {
    return this.#length === 0
  }

  #packetLength(): number | undefined {
    if (this.#chunks[0]!.length < 4) this.#join()
    const first = this.#chunks[0]!
    const length = new DataView(first.buffer, first.byteOffset).getUint32(0)
    if (length === HTTP)
      throw new Error(
        'the server answers in HTTP: this is a web port, not one of Hadoop IPC (of a ResourceManager: 8030 for ApplicationMasters, 8032 for clients)',
      )
    if (length === OLD_FATAL) return this.#oldFatal()
    if (length > this.#maxLength)
      throw new Error(
        `an answer of ${length} bytes is announced, and ${this.#maxLength} are allowed`,
      )
    return length
  }

  /** How servers refuse versions of IPC that they do not speak: no packet, but -1 and two texts with their lengths. */
  #oldFatal(): undefined {
    this.#join()
    const bytes = this.#chunks[0]!
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const texts: string[] = []
    let at = 4
    for (let i = 0; i < 2; i++) {
      if (bytes.length < at + 4) return undefined
      const length = view.getUint32(at)
      if (length > MAX_OLD_TEXT) break
      if (bytes.length < at + 4 + length) return undefined
      texts.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)))
      at += 4 + length
    }
    throw new Error(
      `the server does not speak version 9 of Hadoop IPC${texts.length === 0 ? '' : `: ${texts.join(': ').split('\n')[0]}`}`,
    )
  }

  #join(): void {
    if (this.#chunks.length === 1) return
    const joined = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) {
      joined.set(chunk, at)
      at += chunk.length
    }
    this.#chunks.length = 0
    this.#chunks.push(joined)
  }
}
