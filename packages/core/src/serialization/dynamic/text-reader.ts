import { type KeyHandles, REMEMBERED_STRINGS } from '../../keys/key-handle-source.js'
import { MalformedDataError } from '../malformed-data-error.js'
import { MAX_DICTIONARY_ENTRIES, MAX_DICTIONARY_STRING_LENGTH, TextTag } from './format.js'

/** The part of the reader that knows bytes, varints and texts, and holds the dictionary. */
export class TextReader implements KeyHandles {
  bytes: Buffer = Buffer.alloc(0)
  data: DataView = new DataView(new ArrayBuffer(0))
  position = 0
  limit = 0
  readonly recentIds = new Int32Array(REMEMBERED_STRINGS).fill(-1)
  readonly strings: (string | undefined)[] = []
  readonly handles: unknown[] = []
  /** Of the record's strings, counted until all that are remembered have been read. */
  protected stringsRead = 0

  clearDictionary(): void {
    this.strings.length = 0
    this.handles.length = 0
    this.recentIds.fill(-1)
  }

  bad(what: string): never {
    throw new MalformedDataError(
      `Cannot read a record: no encoder writes this ${what} (before byte ${this.position} of ${this.limit})`,
    )
  }

  byte(): number {
    const p = this.position
    if (p >= this.limit) this.bad('end')
    this.position = p + 1
    return this.bytes[p]!
  }

  /** Moves over `count` bytes that must be there, and answers where they begin. */
  take(count: number): number {
    const p = this.position
    if (count > this.limit - p) this.bad('length')
    this.position = p + count
    return p
  }

  varint(): number {
    let value = this.byte()
    if (value < 0x80) return value
    value &= 0x7f
    for (let factor = 0x80; factor <= 0x10000000; factor *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value <= 0xffffffff ? value : this.bad('varint')
    }
    return this.bad('varint')
  }

  text(): string {
    const p = this.position
    if (p >= this.limit) this.bad('end')
    const tag = this.bytes[p]!
    this.position = p + 1
    if (tag < TextTag.FarId) return this.#known(tag)
    if (tag < TextTag.ShortLatin1) {
      return this.#known((((tag & 0x3f) << 8) | this.byte()) + TextTag.FarId)
    }
    if (tag === TextTag.Define) return this.#define()
    this.#remember(-1)
    return this.#plain(tag)
  }

  /** A text that is neither in the dictionary nor put into it. */
  plainText(): string {
    return this.#plain(this.byte())
  }

  #known(id: number): string {
    this.#remember(id)
    return this.strings[id] ?? this.bad('dictionary id')
  }

  #remember(id: number): void {
    if (this.stringsRead < REMEMBERED_STRINGS) this.recentIds[this.stringsRead++] = id
  }

  #define(): string {
    const at = this.take(2)
    const id = this.bytes[at]! | (this.bytes[at + 1]! << 8)
    if (id >= MAX_DICTIONARY_ENTRIES) this.bad('dictionary id')
    const text = this.plainText()
    if (text.length > MAX_DICTIONARY_STRING_LENGTH) this.bad('dictionary entry')
    const { strings, handles } = this
    while (strings.length <= id) {
      strings.push(undefined)
      handles.push(undefined)
    }
    strings[id] = text
    handles[id] = undefined
    this.#remember(id)
    return text
  }

  #plain(tag: number): string {
    if (tag >= TextTag.ShortLatin1 && tag < TextTag.Latin1) {
      return this.#shortLatin1(tag - TextTag.ShortLatin1)
    }
    if (tag === TextTag.Utf16) return this.#utf16()
    if (tag !== TextTag.Latin1 && tag !== TextTag.Utf8) return this.bad('text')
    const length = this.varint()
    const p = this.take(length)
    return this.bytes.toString(tag === TextTag.Utf8 ? 'utf8' : 'latin1', p, p + length)
  }

  #utf16(): string {
    const length = this.varint() * 2
    const p = this.take(length)
    if (length > 32) return this.bytes.toString('utf16le', p, p + length)
    let text = ''
    for (let i = p; i < p + length; i += 2) {
      text += String.fromCharCode(this.bytes[i]! | (this.bytes[i + 1]! << 8))
    }
    return text
  }

  /** For short strings a call out of JavaScript costs more than all their characters. */
  #shortLatin1(length: number): string {
    const p = this.take(length)
    const b = this.bytes
    const from = String.fromCharCode
    switch (length) {
      case 0:
        return ''
      case 1:
        return from(b[p]!)
      case 2:
        return from(b[p]!, b[p + 1]!)
      case 3:
        return from(b[p]!, b[p + 1]!, b[p + 2]!)
      case 4:
        return from(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!)
      case 5:
        return from(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!)
      case 6:
        return from(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!)
      case 7:
        return from(b[p]!, b[p + 1]!, b[p + 2]!, b[p + 3]!, b[p + 4]!, b[p + 5]!, b[p + 6]!)
      case 8:
        return from(
          b[p]!,
          b[p + 1]!,
          b[p + 2]!,
          b[p + 3]!,
          b[p + 4]!,
          b[p + 5]!,
          b[p + 6]!,
          b[p + 7]!,
        )
      default:
        return this.#latin1Tail(p, length)
    }
  }

  #latin1Tail(p: number, length: number): string {
    return this.bytes.toString('latin1', p, p + length)
  }
}
