import { MalformedDataError } from '@flink-ts/core'

/** What a source reader tells its coordinator. */
export type ReaderEvent =
  /** The reader of this attempt is there. The first event of every attempt. */
  | { readonly type: 'register'; readonly host: string }
  /** The reader has no split left. */
  | { readonly type: 'requestSplit'; readonly host: string }
  /** An event of the source's own. */
  | { readonly type: 'sourceEvent'; readonly event: Uint8Array }

/** What a coordinator tells a source reader. */
export type CoordinatorEvent =
  /** Splits to read, each written by version `version` of the source's split serializer. */
  | {
      readonly type: 'addSplits'
      readonly version: number
      readonly splits: readonly Uint8Array[]
    }
  /** No split follows: the reader ends when it has read those it has. */
  | { readonly type: 'noMoreSplits' }
  /** The job stops: the reader ends where it is, whatever it has not read. */
  | { readonly type: 'stop' }
  /** An event of the source's own. */
  | { readonly type: 'sourceEvent'; readonly event: Uint8Array }

const READER_TAGS = { register: 1, requestSplit: 2, sourceEvent: 3 } as const
const COORDINATOR_TAGS = { addSplits: 1, noMoreSplits: 2, sourceEvent: 3, stop: 4 } as const

const utf8Decoder = new TextDecoder('utf-8', { fatal: true })

/** Writes an event for the payload of `SendOperatorEventToCoordinator`. */
export function encodeReaderEvent(event: ReaderEvent): Uint8Array {
  const body = event.type === 'sourceEvent' ? event.event : new TextEncoder().encode(event.host)
  return withTag(READER_TAGS[event.type], body)
}

/**
 * Reads what {@link encodeReaderEvent} wrote.
 *
 * @throws MalformedDataError
 */
export function decodeReaderEvent(payload: Uint8Array): ReaderEvent {
  const body = payload.subarray(1)
  switch (payload[0]) {
    case READER_TAGS.register:
      return { type: 'register', host: text(body) }
    case READER_TAGS.requestSplit:
      return { type: 'requestSplit', host: text(body) }
    case READER_TAGS.sourceEvent:
      return { type: 'sourceEvent', event: body }
    default:
      throw unknownTag('reader', payload)
  }
}

/** Writes an event for the payload of `SendOperatorEventToTask`. */
export function encodeCoordinatorEvent(event: CoordinatorEvent): Uint8Array {
  switch (event.type) {
    case 'addSplits':
      return encodeAddSplits(event.version, event.splits)
    case 'noMoreSplits':
    case 'stop':
      return withTag(COORDINATOR_TAGS[event.type], new Uint8Array(0))
    case 'sourceEvent':
      return withTag(COORDINATOR_TAGS.sourceEvent, event.event)
  }
}

/**
 * Reads what {@link encodeCoordinatorEvent} wrote. Splits are views of `payload`.
 *
 * @throws MalformedDataError
 */
export function decodeCoordinatorEvent(payload: Uint8Array): CoordinatorEvent {
  switch (payload[0]) {
    case COORDINATOR_TAGS.addSplits:
      return decodeAddSplits(payload)
    case COORDINATOR_TAGS.noMoreSplits:
      return { type: 'noMoreSplits' }
    case COORDINATOR_TAGS.stop:
      return { type: 'stop' }
    case COORDINATOR_TAGS.sourceEvent:
      return { type: 'sourceEvent', event: payload.subarray(1) }
    default:
      throw unknownTag('coordinator', payload)
  }
}

// tag, int32 version, uint32 count, then per split uint32 length and bytes; big-endian.
function encodeAddSplits(version: number, splits: readonly Uint8Array[]): Uint8Array {
  const size = splits.reduce((sum, split) => sum + 4 + split.length, 9)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  bytes[0] = COORDINATOR_TAGS.addSplits
  view.setInt32(1, version)
  view.setUint32(5, splits.length)
  let position = 9
  for (const split of splits) {
    view.setUint32(position, split.length)
    bytes.set(split, position + 4)
    position += 4 + split.length
  }
  return bytes
}

function decodeAddSplits(payload: Uint8Array): CoordinatorEvent {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  if (payload.length < 9) throw truncated(payload)
  const version = view.getInt32(1)
  const count = view.getUint32(5)
  const splits: Uint8Array[] = []
  let position = 9
  for (let i = 0; i < count; i++) {
    if (position + 4 > payload.length) throw truncated(payload)
    const length = view.getUint32(position)
    position += 4
    if (position + length > payload.length) throw truncated(payload)
    splits.push(payload.subarray(position, position + length))
    position += length
  }
  if (position !== payload.length) throw truncated(payload)
  return { type: 'addSplits', version, splits }
}

function withTag(tag: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = tag
  bytes.set(body, 1)
  return bytes
}

function text(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes)
  } catch (cause) {
    throw new MalformedDataError('Cannot read an event of a source reader: the host is not UTF-8', {
      cause,
    })
  }
}

function truncated(payload: Uint8Array): MalformedDataError {
  return new MalformedDataError(
    `Cannot read an addSplits event of ${payload.length} bytes: its lengths do not add up`,
  )
}

function unknownTag(sender: string, payload: Uint8Array): MalformedDataError {
  return new MalformedDataError(
    payload.length === 0
      ? `Cannot read an event of a source ${sender}: it is empty`
      : `Cannot read an event of a source ${sender}: it has the unknown type ${payload[0]}`,
  )
}
