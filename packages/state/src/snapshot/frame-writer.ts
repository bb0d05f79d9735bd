import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { ByteWriter } from './byte-writer.js'
import { combineCrc32 } from './crc32-combine.js'
import { FrameBytes } from './frame-bytes.js'
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
  readonly #small = new ByteWriter(FRAME_HEAD_BYTES + 4)
  readonly #bytes = new FrameBytes()
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
    this.#add(header.written())
  }

  /** Bytes that {@link takePending} would answer now. */
  get pendingBytes(): number {
    return this.#bytes.fullBytes
  }

  /** @param parts of the body, one after the other. @returns where the frame begins and its length */
  frame(type: FrameType, ...parts: readonly Uint8Array[]): { position: number; length: number } {
    assert(!this.#ended, 'nothing follows the last frame')
    const position = this.#position
    if (type === FrameType.Index) this.#indexPosition = position
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const small = this.#small
    small.position = 0
    small.u8(type)
    small.u8(0)
    small.u32(this.#frames++)
    small.u32(length)
    small.u32(crc32(small.written()))
    this.#add(small.written())
    let checksum = 0
    for (const part of parts) {
      checksum = crc32(part, checksum)
      this.#bytes.add(part)
    }
    // Not all bytes once more.
    this.#checksum = combineCrc32(this.#checksum, checksum, length)
    this.#position += length
    small.position = 0
    small.u32(checksum)
    this.#add(small.written())
    return { position, length: length + FRAME_OVERHEAD_BYTES }
  }

  /** Writes the last frame. @returns size and checksum of the whole file */
  end(): FileDigest {
    const body = new ByteWriter(16)
    body.u64(this.#indexPosition)
    body.u32(this.#frames + 1)
    body.u32(this.#checksum)
    this.frame(FrameType.End, body.written())
    this.#ended = true
    return { sizeBytes: this.#position, checksum: this.#checksum }
  }

  /** The bytes since the last call, in order: in pieces that are worth a write of their own, and after {@link end} all that is left. */
  takePending(): Buffer[] {
    return this.#ended ? this.#bytes.takeAll() : this.#bytes.takeFull()
  }

  #add(bytes: Buffer): void {
    this.#bytes.add(bytes)
    this.#position += bytes.length
    this.#checksum = crc32(bytes, this.#checksum)
  }
}
