import { DataProtocolError } from '../errors/network-errors.js'
import type {
  BarrierAlignment,
  ChannelEvent,
  CheckpointBarrier,
  SnapshotType,
} from './channel-event.js'

// Flink's EventSerializer numbers.
const END_OF_PARTITION = 0
const CHECKPOINT_BARRIER = 1
const CANCEL_CHECKPOINT = 4
const END_OF_DATA = 8

const SNAPSHOT_TYPES: readonly SnapshotType[] = [
  'CHECKPOINT',
  'FULL_CHECKPOINT',
  'SAVEPOINT',
  'SAVEPOINT_SUSPEND',
  'SAVEPOINT_TERMINATE',
]
const ALIGNMENTS: readonly BarrierAlignment[] = [
  'AT_LEAST_ONCE',
  'ALIGNED',
  'UNALIGNED',
  'FORCED_ALIGNED',
]
// Type, id, time, type of snapshot, flags, timeout; then what the flags announce.
const BARRIER_BYTES = 23
const ALIGNMENT_BITS = 3
const HAS_LOCATION = 4
const HAS_OVERTAKEN = 8
const OVERTAKEN_BYTES = 16

/** The bytes of an event: u8 type, then its fields, little-endian. */
export function encodeEvent(event: ChannelEvent): Buffer {
  switch (event.type) {
    case 'END_OF_PARTITION':
      return Buffer.of(END_OF_PARTITION)
    case 'END_OF_DATA':
      return Buffer.of(END_OF_DATA, event.drain ? 1 : 0)
    case 'CANCEL_CHECKPOINT': {
      const bytes = Buffer.alloc(9)
      bytes[0] = CANCEL_CHECKPOINT
      bytes.writeBigInt64LE(event.checkpointId, 1)
      return bytes
    }
    case 'CHECKPOINT_BARRIER':
      return encodeBarrier(event)
  }
}

function encodeBarrier(event: CheckpointBarrier): Buffer {
  const { targetLocation = '', overtaken } = event
  const locationAt = BARRIER_BYTES + (overtaken === undefined ? 0 : OVERTAKEN_BYTES)
  const bytes = Buffer.alloc(locationAt + Buffer.byteLength(targetLocation))
  bytes[0] = CHECKPOINT_BARRIER
  bytes.writeBigInt64LE(event.checkpointId, 1)
  bytes.writeDoubleLE(event.timestampMs, 9)
  bytes[17] = SNAPSHOT_TYPES.indexOf(event.snapshotType)
  bytes[18] =
    ALIGNMENTS.indexOf(event.alignment) |
    (targetLocation === '' ? 0 : HAS_LOCATION) |
    (overtaken === undefined ? 0 : HAS_OVERTAKEN)
  bytes.writeUInt32LE(Math.min(event.alignedTimeoutMs, 0xffff_ffff), 19)
  if (overtaken !== undefined) {
    bytes.writeDoubleLE(overtaken.from, BARRIER_BYTES)
    bytes.writeDoubleLE(overtaken.until, BARRIER_BYTES + 8)
  }
  bytes.write(targetLocation, locationAt)
  return bytes
}

/** @throws DataProtocolError on bytes that no {@link encodeEvent} makes */
export function decodeEvent(bytes: Buffer): ChannelEvent {
  const type = bytes[0]
  if (type === END_OF_PARTITION && bytes.length === 1) return { type: 'END_OF_PARTITION' }
  if (type === END_OF_DATA && bytes.length === 2) {
    return { type: 'END_OF_DATA', drain: bytes[1] === 1 }
  }
  if (type === CANCEL_CHECKPOINT && bytes.length === 9) {
    return { type: 'CANCEL_CHECKPOINT', checkpointId: bytes.readBigInt64LE(1) }
  }
  const barrier = type === CHECKPOINT_BARRIER ? decodeBarrier(bytes) : undefined
  if (barrier !== undefined) return barrier
  throw new DataProtocolError(`Could not decode an event of type ${type} and ${bytes.length} bytes`)
}

function decodeBarrier(bytes: Buffer): CheckpointBarrier | undefined {
  if (bytes.length < BARRIER_BYTES) return undefined
  const snapshotType = SNAPSHOT_TYPES[bytes[17]!]
  const flags = bytes[18]!
  const hasOvertaken = (flags & HAS_OVERTAKEN) !== 0
  const hasLocation = (flags & HAS_LOCATION) !== 0
  const locationAt = BARRIER_BYTES + (hasOvertaken ? OVERTAKEN_BYTES : 0)
  const isLengthRight = hasLocation ? bytes.length > locationAt : bytes.length === locationAt
  if (snapshotType === undefined || flags > 15 || !isLengthRight) return undefined
  return {
    type: 'CHECKPOINT_BARRIER',
    checkpointId: bytes.readBigInt64LE(1),
    timestampMs: bytes.readDoubleLE(9),
    snapshotType,
    alignment: ALIGNMENTS[flags & ALIGNMENT_BITS]!,
    alignedTimeoutMs: bytes.readUInt32LE(19),
    ...(hasOvertaken && {
      overtaken: {
        from: bytes.readDoubleLE(BARRIER_BYTES),
        until: bytes.readDoubleLE(BARRIER_BYTES + 8),
      },
    }),
    ...(hasLocation && { targetLocation: bytes.toString('utf8', locationAt) }),
  }
}
