/** Messages, each after its length as a varint. */
export function delimited(messages: readonly Uint8Array[], offset = 0): Uint8Array {
  const prefixes = messages.map(({ length }) => varint(length))
  let length = offset
  for (const [i, message] of messages.entries()) length += prefixes[i]!.length + message.length
  const bytes = new Uint8Array(length)
  let at = offset
  for (const [i, message] of messages.entries()) {
    bytes.set(prefixes[i]!, at)
    at += prefixes[i]!.length
    bytes.set(message, at)
    at += message.length
  }
  return bytes
}

/** Delimited messages in one packet, which has its own length before it. */
export function packetOf(messages: readonly Uint8Array[]): Uint8Array {
  const packet = delimited(messages, 4)
  new DataView(packet.buffer).setUint32(0, packet.length - 4)
  return packet
}

/** Takes messages out of a packet (without the packet's length), in order. */
export class DelimitedReader {
  readonly #packet: Uint8Array
  #at = 0

  constructor(packet: Uint8Array) {
    this.#packet = packet
  }

  /**
   * The next message, a view of the packet.
   *
   * @throws Error if there is none, or it is cut off
   */
  next(): Uint8Array {
    const length = this.#varint()
    const rest = this.#packet.length - this.#at
    if (length > rest)
      throw new Error(`a message of ${length} bytes is announced where ${rest} are left`)
    const message = this.#packet.subarray(this.#at, this.#at + length)
    this.#at += length
    return message
  }

  #varint(): number {
    let value = 0
    for (let i = 0; i < 5; i++) {
      const byte = this.#packet[this.#at++]
      if (byte === undefined)
        throw new Error('the packet ends where the length of a message is due')
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new Error('the length of a message is no varint of 32 bits')
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}
