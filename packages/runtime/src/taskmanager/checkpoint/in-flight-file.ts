import type { CopiedSlot } from '@flink-ts/network'
import { SnapshotCorruptError } from '@flink-ts/state'

/** What one end of a channel has stored at a checkpoint. */
export interface InFlightChannel {
  /** Names the edge of the job. */
  readonly edge: string
  /** Subtask that sends. */
  readonly producer: number
  /** Subtask that receives, of so many. */
  readonly consumer: number
  readonly consumers: number
  readonly side: 'produced' | 'captured'
  /** Of the receiving end: slots before it had been processed. */
  readonly from: number
  /** Of the receiving end: elements of its first slot that had been processed. */
  readonly skip: number
  readonly slots: readonly CopiedSlot[]
}

type ChannelJson = Omit<InFlightChannel, 'slots'> & {
  readonly slots: readonly (readonly [number: number, flags: number, length: number])[]
}

/** The bytes of a file of in-flight data, see docs/state-format.md. */
export function encodeInFlight(channels: readonly InFlightChannel[]): Buffer[] {
  const head: ChannelJson[] = channels.map((channel) => ({
    ...channel,
    slots: channel.slots.map(({ number, flags, bytes }) => [number, flags, bytes.length]),
  }))
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return [length, json, ...channels.flatMap(({ slots }) => slots.map(({ bytes }) => bytes))]
}

/** @param path for messages @throws SnapshotCorruptError */
export function decodeInFlight(file: Buffer, path: string): InFlightChannel[] {
  try {
    const headEnd = 4 + file.readUInt32LE(0)
    const head = JSON.parse(file.toString('utf8', 4, headEnd)) as ChannelJson[]
    let position = headEnd
    const channels = head.map((channel) => ({
      ...channel,
      slots: channel.slots.map(([number, flags, length]) => {
        const bytes = file.subarray(position, position + length)
        position += length
        return { number, flags, bytes }
      }),
    }))
    if (position !== file.length)
      throw new RangeError(`it has ${file.length - position} bytes more`)
    return channels
  } catch (cause) {
    const found = `its in-flight data make no sense: ${(cause as Error).message}`
    throw new SnapshotCorruptError({ path, position: 0, found, cause })
  }
}
