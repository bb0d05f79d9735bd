import { DataProtocolError } from '../errors/network-errors.js'
import type { ChannelEvent, SnapshotType } from './channel-event.js'

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
const BARRIER_BYTES = 19

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
    case 'CHECKPOINT_BARRIER': {
      const location = event.targetLocation
      const bytes = Buffer.alloc(
        BARRIER_BYTES + (location === undefined ? 0 : Buffer.byteLength(location)),
      )
      bytes[0] = CHECKPOINT_BARRIER
      bytes.writeBigInt64LE(event.checkpointId, 1)
      bytes.writeDoubleLE(event.timestampMs, 9)
      bytes[17] = SNAPSHOT_TYPES.indexOf(event.snapshotType)
      bytes[18] = (event.unaligned ? 1 : 0) | (location === undefined ? 0 : 2)
      if (location !== undefined) bytes.write(location, BARRIER_BYTES)
      return bytes
    }
  }
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
  if (type === CHECKPOINT_BARRIER && bytes.length >= BARRIER_BYTES) {
    const snapshotType = SNAPSHOT_TYPES[bytes[17]!]
    const flags = bytes[18]!
    if (snapshotType !== undefined && ((flags & 2) !== 0 || bytes.length === BARRIER_BYTES)) {
      return {
        type: 'CHECKPOINT_BARRIER',
        checkpointId: bytes.readBigInt64LE(1),
        timestampMs: bytes.readDoubleLE(9),
        snapshotType,
        unaligned: (flags & 1) !== 0,
        ...((flags & 2) !== 0 && { targetLocation: bytes.toString('utf8', BARRIER_BYTES) }),
      }
    }
  }
  throw new DataProtocolError(`Could not decode an event of type ${type} and ${bytes.length} bytes`)
}
