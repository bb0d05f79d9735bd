import { crc32 } from 'node:zlib'
import { hashKey, keyGroupFor, Types } from '@flink-ts/core'
import { SnapshotWriter } from '@flink-ts/state'
import t from 'tap'

// What docs/state-format.md says, written a second time: shares no code with the package.

interface Frame {
  readonly type: number
  readonly body: Buffer
}

function readFrames(file: Buffer): Frame[] {
  if (file.toString('latin1', 0, 8) !== 'FLTSSNAP') throw new Error('no header')
  const frames: Frame[] = []
  for (let at = 16; at < file.length; ) {
    const length = file.readUInt32LE(at + 6)
    if (file.readUInt32LE(at + 2) !== frames.length) throw new Error('out of order')
    if (file.readUInt32LE(at + 10) !== crc32(file.subarray(at, at + 10))) throw new Error('head')
    const body = file.subarray(at + 14, at + 14 + length)
    if (file.readUInt32LE(at + 14 + length) !== crc32(body)) throw new Error('body')
    frames.push({ type: file[at]!, body })
    at += 18 + length
  }
  return frames
}

class Bytes {
  readonly #bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isEmpty(): boolean {
    return this.at === this.#bytes.length
  }

  byte(): number {
    return this.#bytes[this.at++]!
  }

  varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  take(length: number): Buffer {
    this.at += length
    return this.#bytes.subarray(this.at - length, this.at)
  }
}

/** A record of the type {word: string, count: int}, by the description at TypedSerializer. */
class WordCountReader {
  readonly #dictionary = new Map<number, string>()

  read(bytes: Bytes): { word: string; count: number } {
    const mark = bytes.byte()
    if (mark === 0x18) this.#dictionary.clear()
    else if (mark !== 0) throw new Error(`mark ${mark}`)
    return { word: this.#text(bytes), count: readNumber(bytes) }
  }

  #text(bytes: Bytes): string {
    const tag = bytes.byte()
    if (tag < 0x80) return this.#dictionary.get(tag)!
    if (tag < 0xc0) return this.#dictionary.get(128 + ((tag & 0x3f) << 8) + bytes.byte())!
    if (tag < 0xe0) return bytes.take(tag & 0x1f).toString('latin1')
    if (tag === 0xe0) return bytes.take(bytes.varint()).toString('latin1')
    if (tag === 0xe1) return bytes.take(2 * bytes.varint()).toString('utf16le')
    if (tag === 0xe2) return bytes.take(bytes.varint()).toString('utf8')
    const id = bytes.take(2).readUInt16LE()
    const text = this.#text(bytes)
    this.#dictionary.set(id, text)
    return text
  }
}

function readNumber(bytes: Bytes): number {
  const tag = bytes.byte()
  const unzigzag = (n: number) => (n >>> 1) ^ -(n & 1)
  if (tag < 0xf8) return unzigzag(tag)
  if (tag === 0xf8) return unzigzag(bytes.take(2).readUInt16LE())
  if (tag === 0xf9) return unzigzag(bytes.take(4).readUInt32LE())
  return bytes.take(8).readDoubleLE()
}

t.test('state-format.md: a reader that shares no code reads what was written', async (t) => {
  const type = Types.object({ word: Types.string, count: Types.int })
  const writer = new SnapshotWriter({
    description: {
      operatorId: 'a'.repeat(32),
      operatorName: 'count',
      subtaskIndex: 0,
      states: [{ name: 'words', kind: 'list', type }],
      keyed: { maxParallelism: 8, firstKeyGroup: 0, lastKeyGroup: 7, keyType: Types.string },
    },
  })
  const expected = new Map<string, { word: string; count: number }[]>()
  for (let i = 0; i < 500; i++) {
    const key = `key ${i}`
    const list = [0, 1, 2].map((k) => ({
      word: ['a', 'schön', '語'][(i + k) % 3]!,
      count: i * 991 - k * 70_000,
    }))
    expected.set(key, list)
    writer.addList(0, keyGroupFor(hashKey(key), 8), key, list)
  }
  writer.finish()
  const frames = readFrames(Buffer.concat(writer.takePending()))
  t.equal(frames.at(-1)!.type, 255)
  const description = JSON.parse(frames[0]!.body.toString())
  t.match(description.states[0], { name: 'words', kind: 'list', type: { kind: 'object' } })
  const found = new Map<string, unknown>()
  for (const { body } of frames.filter((frame) => frame.type === 2)) {
    const bytes = new Bytes(body)
    t.equal(bytes.varint(), 0)
    t.ok(bytes.varint() < 8)
    const values = new WordCountReader()
    for (let left = bytes.varint(); left > 0; left--) {
      const key = new Bytes(bytes.take(bytes.varint()))
      t.equal(key.byte(), 5)
      const name = key.take(key.varint()).toString()
      found.set(
        name,
        Array.from({ length: bytes.varint() }, () => values.read(bytes)),
      )
    }
    t.ok(bytes.isEmpty)
  }
  t.same(found, expected)
})
