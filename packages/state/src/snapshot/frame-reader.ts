import { crc32 } from 'node:zlib'
import { ByteReader } from './byte-reader.js'
import { SnapshotCorruptError, SnapshotVersionError } from './snapshot-errors.js'
import {
  END_FRAME_BYTES,
  FORMAT_VERSION,
  FRAME_HEAD_BYTES,
  FRAME_OVERHEAD_BYTES,
  FrameType,
  HEADER_BYTES,
  MAGIC,
  MAX_BODY_BYTES,
  type SnapshotKind,
} from './snapshot-format.js'
import type { SnapshotSource } from './snapshot-source.js'

/** One frame whose checksums agree. */
export interface Frame {
  readonly type: number
  readonly number: number
  /** Where the frame begins. */
  readonly position: number
  readonly body: Buffer
  /** Where the next one begins. */
  readonly end: number
}

/** Reads the frames of a file and checks all that surrounds their contents. */
export class FrameReader {
  readonly source: SnapshotSource
  /** 0: the file has no index. */
  readonly indexPosition: number
  readonly #frames: number
  readonly #checksum: number
  readonly #endPosition: number

  private constructor(source: SnapshotSource, end: Frame) {
    this.source = source
    const body = new ByteReader(end.body, source.path, end.position)
    this.indexPosition = body.u64()
    this.#frames = body.u32()
    this.#checksum = body.u32()
    this.#endPosition = end.position
    body.expectEnd()
    if (end.number !== this.#frames - 1) {
      throw this.#corrupt(end.position, `it says that there are ${this.#frames} frames`)
    }
  }

  /**
   * Reads header and last frame.
   *
   * @throws SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT), SnapshotVersionError (FLINK_SNAPSHOT_VERSION)
   */
  static async open(source: SnapshotSource, kind: SnapshotKind): Promise<FrameReader> {
    const { path, sizeBytes } = source
    if (sizeBytes < HEADER_BYTES + END_FRAME_BYTES) {
      throw new SnapshotCorruptError({ path, position: sizeBytes, found: 'it ends too early' })
    }
    const header = await readExactly(source, 0, HEADER_BYTES)
    const isMagic = header.subarray(0, 8).equals(MAGIC)
    if (!isMagic || header.readUInt32LE(12) !== crc32(header.subarray(0, 12))) {
      throw new SnapshotCorruptError({ path, position: 0, found: 'it has no header of a snapshot' })
    }
    const version = header.readUInt16LE(8)
    if (version > FORMAT_VERSION) {
      throw new SnapshotVersionError({ path, version, newestKnown: FORMAT_VERSION })
    }
    if (header.readUInt16LE(10) !== kind) {
      const found = `it is a file of kind ${header.readUInt16LE(10)}, not ${kind}`
      throw new SnapshotCorruptError({ path, position: 10, found })
    }
    const end = await readFrame(source, sizeBytes - END_FRAME_BYTES)
    if (end.type !== FrameType.End || end.end !== sizeBytes) {
      throw new SnapshotCorruptError({ path, position: end.position, found: 'its end is missing' })
    }
    return new FrameReader(source, end)
  }

  /** The frame that begins at `position`. @throws SnapshotCorruptError */
  async at(position: number): Promise<Frame> {
    if (position < HEADER_BYTES || position >= this.#endPosition) {
      throw this.#corrupt(position, 'no frame can be there')
    }
    return readFrame(this.source, position)
  }

  /**
   * All frames but the last, in order. When it has ended, every bit of the file has been checked.
   *
   * @throws SnapshotCorruptError
   */
  async *all(): AsyncGenerator<Frame, void> {
    let position = HEADER_BYTES
    let checksum = crc32(await readExactly(this.source, 0, HEADER_BYTES))
    for (let number = 0; number < this.#frames - 1; number++) {
      const frame = await this.at(position)
      if (frame.number !== number) {
        throw this.#corrupt(position, `frame ${frame.number} is where frame ${number} belongs`)
      }
      checksum = crc32(frameHead(frame), checksum)
      checksum = crc32(frame.body, checksum)
      checksum = crc32(u32(crc32(frame.body)), checksum)
      yield frame
      position = frame.end
    }
    if (position !== this.#endPosition) throw this.#corrupt(position, 'bytes are left over')
    if (checksum !== this.#checksum) throw this.#corrupt(position, 'the checksum of all is another')
  }

  #corrupt(position: number, found: string): SnapshotCorruptError {
    return new SnapshotCorruptError({ path: this.source.path, position, found })
  }
}

async function readFrame(source: SnapshotSource, position: number): Promise<Frame> {
  const { path, sizeBytes } = source
  const head = await readExactly(source, position, FRAME_HEAD_BYTES + 4)
  if (head.readUInt32LE(FRAME_HEAD_BYTES) !== crc32(head.subarray(0, FRAME_HEAD_BYTES))) {
    const found = 'the checksum of the head of a frame does not agree'
    throw new SnapshotCorruptError({ path, position, found })
  }
  const length = head.readUInt32LE(6)
  const end = position + FRAME_OVERHEAD_BYTES + length
  if (length > MAX_BODY_BYTES || end > sizeBytes) {
    const found = `a frame of ${length} bytes passes the end`
    throw new SnapshotCorruptError({ path, position, found })
  }
  const rest = await readExactly(source, position + FRAME_HEAD_BYTES + 4, length + 4)
  const body = rest.subarray(0, length)
  if (rest.readUInt32LE(length) !== crc32(body)) {
    const found = 'the checksum of a frame does not agree'
    throw new SnapshotCorruptError({ path, position, found })
  }
  return { type: head[0]!, number: head.readUInt32LE(2), position, body, end }
}

function frameHead(frame: Frame): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES + 4)
  head[0] = frame.type
  head.writeUInt32LE(frame.number, 2)
  head.writeUInt32LE(frame.body.length, 6)
  head.writeUInt32LE(crc32(head.subarray(0, FRAME_HEAD_BYTES)), FRAME_HEAD_BYTES)
  return head
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

async function readExactly(
  source: SnapshotSource,
  position: number,
  length: number,
): Promise<Buffer> {
  const { path } = source
  const bytes = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const read = await source.read(bytes.subarray(done), position + done)
    if (read === 0) {
      throw new SnapshotCorruptError({
        path,
        position: position + done,
        found: 'it ends too early',
      })
    }
    done += read
  }
  return bytes
}
