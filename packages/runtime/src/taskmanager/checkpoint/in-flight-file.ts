import { crc32 } from 'node:zlib'
import type { CopiedSlot } from '@flink-ts/network'
import { SnapshotCorruptError, type SnapshotSource } from '@flink-ts/state'

/** Which channel of the job something is of, and which end has stored it. */
export interface InFlightFacts {
  /** Names the edge of the job. */
  readonly edge: string
  /** Subtask that sends. */
  readonly producer: number
  /** Subtask that receives, of so many. */
  readonly consumer: number
  readonly consumers: number
  /** Of the receiving vertex; given by the receiving end. Absent: unknown. */
  readonly maxParallelism?: number
  readonly side: 'produced' | 'captured'
  /** Of the receiving end: slots before it had been processed. */
  readonly from: number
  /** Of the receiving end: elements of its first slot that had been processed. */
  readonly skip: number
}

/** What one end of a channel has stored at a checkpoint. */
export interface InFlightChannel extends InFlightFacts {
  readonly slots: readonly CopiedSlot[]
}

/** The same, as the head of a file says it. */
export interface StoredInFlightChannel extends InFlightFacts {
  /** Where its bytes begin. */
  readonly position: number
  readonly sizeBytes: number
  readonly slots: readonly SlotJson[]
  /** Absent: the file is checked as a whole only. */
  readonly crc?: number
}

type SlotJson = readonly [number: number, flags: number, length: number]

interface ChannelJson extends InFlightFacts {
  readonly slots: readonly SlotJson[]
  readonly crc?: number
}

/** In the first word: the head has a checksum, and each channel has one. Files of the first version have neither. */
const HAS_CHECKSUMS = 0x8000_0000

/** The bytes of a file of in-flight data, see docs/state-format.md. */
export function encodeInFlight(channels: readonly InFlightChannel[]): Buffer[] {
  const head: ChannelJson[] = channels.map((channel) => ({
    ...channel,
    slots: channel.slots.map(({ number, flags, bytes }) => [number, flags, bytes.length]),
    crc: channel.slots.reduce((crc, { bytes }) => crc32(bytes, crc), 0),
  }))
  const json = Buffer.from(JSON.stringify(head))
  const start = Buffer.alloc(8)
  start.writeUInt32LE((HAS_CHECKSUMS | json.length) >>> 0)
  start.writeUInt32LE(crc32(json), 4)
  return [start, json, ...channels.flatMap(({ slots }) => slots.map(({ bytes }) => bytes))]
}

/** Reads what a file of in-flight data has, without the data. @throws SnapshotCorruptError */
export async function readInFlightHead(source: SnapshotSource): Promise<StoredInFlightChannel[]> {
  try {
    const start = await readRange(source, 0, Math.min(8, source.sizeBytes))
    const word = start.readUInt32LE(0)
    const hasChecksums = (word & HAS_CHECKSUMS) !== 0
    const headAt = hasChecksums ? 8 : 4
    const json = await readRange(source, headAt, (word & ~HAS_CHECKSUMS) >>> 0)
    if (hasChecksums && crc32(json) !== start.readUInt32LE(4)) {
      throw new RangeError('its head has another checksum')
    }
    let position = headAt + json.length
    const channels = (JSON.parse(json.toString()) as ChannelJson[]).map((channel) => {
      const sizeBytes = channel.slots.reduce((sum, [, , length]) => sum + length, 0)
      position += sizeBytes
      return { ...channel, position: position - sizeBytes, sizeBytes }
    })
    if (position !== source.sizeBytes) {
      throw new RangeError(`it has ${source.sizeBytes - position} bytes more`)
    }
    return channels
  } catch (cause) {
    throw corrupt(source, 0, cause)
  }
}

/** Reads the data of one channel, and nothing else. @throws SnapshotCorruptError */
export async function readInFlightSlots(
  source: SnapshotSource,
  { position, sizeBytes, slots, crc }: StoredInFlightChannel,
): Promise<CopiedSlot[]> {
  try {
    const bytes = await readRange(source, position, sizeBytes)
    if (crc !== undefined && crc32(bytes) !== crc) {
      throw new RangeError('a channel has another checksum')
    }
    let at = 0
    return slots.map(([number, flags, length]) => {
      at += length
      return { number, flags, bytes: bytes.subarray(at - length, at) }
    })
  } catch (cause) {
    throw corrupt(source, position, cause)
  }
}

/** @throws SnapshotCorruptError unless the file has this checksum */
export async function checkWhole(source: SnapshotSource, checksum: number): Promise<void> {
  const bytes = await readRange(source, 0, source.sizeBytes)
  if (crc32(bytes) === checksum) return
  const found = 'its checksum is not that of the checkpoint'
  throw new SnapshotCorruptError({ path: source.path, position: 0, found })
}

async function readRange(source: SnapshotSource, from: number, length: number): Promise<Buffer> {
  if (from + length > source.sizeBytes) throw new RangeError('it ends too early')
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const count = await source.read(bytes.subarray(at), from + at)
    if (count === 0) throw new RangeError('it ends too early')
    at += count
  }
  return bytes
}

function corrupt({ path }: SnapshotSource, position: number, cause: unknown): SnapshotCorruptError {
  if (cause instanceof SnapshotCorruptError) return cause
  const isOfFile = cause instanceof RangeError || cause instanceof SyntaxError
  if (!isOfFile) throw cause
  const found = `its in-flight data make no sense: ${cause.message}`
  return new SnapshotCorruptError({ path, position, found, cause })
}
