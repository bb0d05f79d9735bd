import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { ByteWriter } from './byte-writer.js'
import {
  FORMAT_VERSION,
  FRAME_HEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  FrameType,
  MAGIC,
  type SnapshotKind,
} from './snapshot-format.js'

/** What identifies the whole content of a file. */
export interface FileDigest {
  readonly sizeBytes: number
  /** CRC-32 of all bytes. */
  readonly checksum: number
}

/** Puts header and frames around contents. Collects the bytes until they are taken; does no I/O. */
export class FrameWriter {
  readonly #head = new ByteWriter(FRAME_HEAD_BYTES + 4)
  #pending: Buffer[] = []
  #pendingBytes = 0
  #position = 0
  #checksum = 0
  #frames = 0
  #indexPosition = 0
  #ended = false

  constructor(kind: SnapshotKind) {
    const header = new ByteWriter(16)
    header.raw(MAGIC)
    header.u16(FORMAT_VERSION)
    header.u16(kind)
    header.u32(crc32(header.written()))
    this.#push(header.take())
  }

  /** Bytes that have not been taken. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /** Bytes of the file so far. */
  get position(): number {
    return this.#position
  }

  /** @param body kept until it is taken; must not change meanwhile. @returns where the frame begins and its length */
  frame(type: FrameType, body: Buffer): { position: number; length: number } {
    assert(!this.#ended, 'nothing follows the last frame')
    const position = this.#position
    if (type === FrameType.Index) this.#indexPosition = position
    const head = this.#head
    head.position = 0
    head.u8(type)
    head.u8(0)
    head.u32(this.#frames++)
    head.u32(body.length)
    head.u32(crc32(head.written()))
    this.#push(head.take())
    this.#push(body)
    const tail = Buffer.allocUnsafe(4)
    tail.writeUInt32LE(crc32(body))
    this.#push(tail)
    return { position, length: body.length + FRAME_OVERHEAD_BYTES }
  }

  /** Writes the last frame. @returns size and checksum of the whole file */
  end(): FileDigest {
    const body = new ByteWriter(16)
    body.u64(this.#indexPosition)
    body.u32(this.#frames + 1)
    body.u32(this.#checksum)
    this.frame(FrameType.End, body.take())
    this.#ended = true
    return { sizeBytes: this.#position, checksum: this.#checksum }
  }

  /** The bytes since the last call, in order. */
  takePending(): Buffer[] {
    const taken = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    return taken
  }

  #push(bytes: Buffer): void {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    this.#position += bytes.length
    this.#checksum = crc32(bytes, this.#checksum)
  }
}
