import { DataProtocolError } from '../errors/network-errors.js'

/*
 * The data protocol. All numbers are little-endian. A connection belongs to the consumer's side, which
 * opened it; all its channels to one producer TaskManager share it.
 *
 *   frame              u32 length of what follows, u8 type, body
 *   0 Hello            u32 magic, u16 version, u32 segment size, resource id (UTF-8); first frame in both directions
 *   1 PartitionRequest u32 channel, u32 subpartition, u32 credit, partition id (UTF-8)   → producer
 *   2 Buffer           u32 channel, u32 sequence, u8 flags, u32 backlog, bytes           → consumer
 *   3 AddCredit        u32 channel, u32 credit                                           → producer
 *   4 Cancel           u32 channel                                                       → producer
 *   5 Close            nothing: the consumer needs the connection no more                → producer
 *   6 Error            u32 channel, u8 kind, text (UTF-8)                                → consumer
 *   7 NewBufferSize    u32 channel, u32 bytes                                            → producer
 *
 * Channel numbers are the consumer's. A Buffer takes one credit, except an event small enough to travel
 * in a queue's slot. Sequence numbers count a channel's Buffers from 0. After the Buffer with the
 * end-of-partition flag, and after an Error, the channel is gone. A Cancel is answered by an Error.
 */

export const PROTOCOL_MAGIC = 0xf117da7a
export const PROTOCOL_VERSION = 1

export const FrameType = {
  hello: 0,
  partitionRequest: 1,
  buffer: 2,
  addCredit: 3,
  cancel: 4,
  close: 5,
  error: 6,
  newBufferSize: 7,
} as const

/** Length and type. */
export const PREFIX_BYTES = 5
export const BUFFER_HEADER_BYTES = 13
/** All that goes before a Buffer's bytes. */
export const FRAME_HEADER_BYTES = PREFIX_BYTES + BUFFER_HEADER_BYTES
/** No frame but a Buffer is longer. */
export const MAX_CONTROL_BODY_BYTES = 8192

export interface Hello {
  readonly segmentBytes: number
  readonly resourceId: string
}

export interface PartitionRequest {
  readonly channel: number
  readonly subpartition: number
  readonly credit: number
  readonly partitionId: string
}

export interface BufferHeader {
  readonly channel: number
  readonly sequence: number
  readonly flags: number
  readonly backlog: number
  readonly length: number
}

function frame(type: number, fixedBytes: number, text = ''): Buffer {
  const textBytes = Buffer.byteLength(text)
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + fixedBytes + textBytes)
  bytes.writeUInt32LE(1 + fixedBytes + textBytes, 0)
  bytes[4] = type
  bytes.write(text, PREFIX_BYTES + fixedBytes)
  return bytes
}

export function encodeHello({ segmentBytes, resourceId }: Hello): Buffer {
  const bytes = frame(FrameType.hello, 10, resourceId)
  bytes.writeUInt32LE(PROTOCOL_MAGIC, 5)
  bytes.writeUInt16LE(PROTOCOL_VERSION, 9)
  bytes.writeUInt32LE(segmentBytes, 11)
  return bytes
}

/** @throws DataProtocolError */
export function decodeHello(body: Buffer): Hello {
  if (body.length < 10 || body.readUInt32LE(0) !== PROTOCOL_MAGIC) {
    throw new DataProtocolError('the peer does not speak the data protocol of flink-ts')
  }
  const version = body.readUInt16LE(4)
  if (version !== PROTOCOL_VERSION) {
    throw new DataProtocolError(
      `the peer speaks version ${version} of the data protocol, this TaskManager ${PROTOCOL_VERSION}; ` +
        'all TaskManagers of a cluster must run the same release',
    )
  }
  return { segmentBytes: body.readUInt32LE(6), resourceId: body.toString('utf8', 10) }
}

export function encodePartitionRequest(request: PartitionRequest): Buffer {
  const bytes = frame(FrameType.partitionRequest, 12, request.partitionId)
  bytes.writeUInt32LE(request.channel, 5)
  bytes.writeUInt32LE(request.subpartition, 9)
  bytes.writeUInt32LE(request.credit, 13)
  return bytes
}

export function decodePartitionRequest(body: Buffer): PartitionRequest {
  expectBody(body, 'PartitionRequest', 12)
  return {
    channel: body.readUInt32LE(0),
    subpartition: body.readUInt32LE(4),
    credit: body.readUInt32LE(8),
    partitionId: body.toString('utf8', 12),
  }
}

/** The part before the bytes, which follow as they are. */
export function encodeBufferHeader(header: BufferHeader): Buffer {
  return writeBufferHeader(Buffer.allocUnsafe(FRAME_HEADER_BYTES), header)
}

/** Puts the part before the bytes into the first {@link FRAME_HEADER_BYTES} of `bytes`. */
export function writeBufferHeader(bytes: Buffer, header: BufferHeader): Buffer {
  bytes.writeUInt32LE(1 + BUFFER_HEADER_BYTES + header.length, 0)
  bytes[4] = FrameType.buffer
  bytes.writeUInt32LE(header.channel, 5)
  bytes.writeUInt32LE(header.sequence >>> 0, 9)
  bytes[13] = header.flags
  bytes.writeUInt32LE(header.backlog, 14)
  return bytes
}

export function decodeBufferHeader(header: Buffer, length: number): BufferHeader {
  return {
    channel: header.readUInt32LE(0),
    sequence: header.readUInt32LE(4),
    flags: header[8]!,
    backlog: header.readUInt32LE(9),
    length,
  }
}

export function encodeAddCredit(channel: number, credit: number): Buffer {
  const bytes = frame(FrameType.addCredit, 8)
  bytes.writeUInt32LE(channel, 5)
  bytes.writeUInt32LE(credit, 9)
  return bytes
}

export function decodeAddCredit(body: Buffer): { channel: number; credit: number } {
  expectBody(body, 'AddCredit', 8)
  return { channel: body.readUInt32LE(0), credit: body.readUInt32LE(4) }
}

export function encodeNewBufferSize(channel: number, bytes: number): Buffer {
  const frameBytes = frame(FrameType.newBufferSize, 8)
  frameBytes.writeUInt32LE(channel, 5)
  frameBytes.writeUInt32LE(bytes, 9)
  return frameBytes
}

export function decodeNewBufferSize(body: Buffer): { channel: number; bytes: number } {
  expectBody(body, 'NewBufferSize', 8)
  // More than a segment is as much as a segment, and the number must not turn negative.
  return { channel: body.readUInt32LE(0), bytes: Math.min(body.readUInt32LE(4), 0x7fffffff) }
}

export function encodeCancel(channel: number): Buffer {
  const bytes = frame(FrameType.cancel, 4)
  bytes.writeUInt32LE(channel, 5)
  return bytes
}

export function decodeCancel(body: Buffer): number {
  expectBody(body, 'Cancel', 4)
  return body.readUInt32LE(0)
}

export function encodeClose(): Buffer {
  return frame(FrameType.close, 0)
}

export function encodeError(channel: number, kind: number, text: string): Buffer {
  const bytes = frame(FrameType.error, 5, text)
  bytes.writeUInt32LE(channel, 5)
  bytes[9] = kind
  return bytes
}

export function decodeError(body: Buffer): { channel: number; kind: number; text: string } {
  expectBody(body, 'Error', 5)
  return { channel: body.readUInt32LE(0), kind: body[4]!, text: body.toString('utf8', 5) }
}

function expectBody(body: Buffer, name: string, least: number): void {
  if (body.length < least) {
    throw new DataProtocolError(`a frame ${name} has ${body.length} bytes of ${least}`)
  }
}
