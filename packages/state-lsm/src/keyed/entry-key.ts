import { decodeKey } from '@flink-ts/core'
import { keyGroupOf } from '../store/bytes.js'
import type { Cursor } from '../store/cursor.js'

/** The parts of a key of the store, as a `StateKey` makes them. Used again for the next one. */
export class EntryKey {
  keyGroup = 0
  /** Number of the state. */
  state = 0
  #bytes: Buffer = Buffer.alloc(0)
  #keyStart = 0
  #keyEnd = 0
  #end = 0

  /** Reads the key that a cursor shows. @param hasParts whether the keys of a state have something behind them */
  read(cursor: Cursor, hasParts: (state: number) => boolean): void {
    const { keyBytes: bytes, keyStart, keyLength } = cursor
    this.#bytes = bytes
    this.keyGroup = keyGroupOf(bytes, keyStart)
    this.#keyStart = keyStart + 2
    this.state = this.#varint()
    this.#end = keyStart + keyLength
    const length = hasParts(this.state) ? this.#varint() : this.#end - this.#keyStart
    this.#keyEnd = this.#keyStart + length
  }

  /** Bytes behind the key: none in the tail of a list. */
  get restLength(): number {
    return this.#end - this.#keyEnd
  }

  key(): unknown {
    return decodeKey(this.#bytes.subarray(this.#keyStart, this.#keyEnd))
  }

  /** The canonical bytes of the key, to be compared by. */
  keyText(): string {
    return this.#bytes.toString('latin1', this.#keyStart, this.#keyEnd)
  }

  mapKey(): unknown {
    return decodeKey(this.#bytes.subarray(this.#keyEnd, this.#end))
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#keyStart++]!
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
}
