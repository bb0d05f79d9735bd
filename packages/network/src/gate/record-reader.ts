import type { InputStatus, ValueSerializer } from '@flink-ts/core'
import type { ChannelCapture } from './channel-capture.js'
import { ChannelReader } from './channel-reader.js'
import type { InputGate } from './input-gate.js'
import type { RecordHandler } from './record-handler.js'

/** Reads a gate's channels in turn, a buffer of each. */
export class RecordReader<T = unknown> {
  readonly gate: InputGate
  readonly #channels: readonly ChannelReader<T>[]
  readonly #unrung: ChannelReader<T>[] = []
  #current = 0

  constructor(gate: InputGate, serializer: ValueSerializer) {
    this.gate = gate
    this.#channels = gate.channels.map(
      (channel) => new ChannelReader(gate, channel, serializer.createDecoder()),
    )
  }

  /**
   * Hands over what is there, priority events first, at most about `maxRecords` elements, without waiting.
   *
   * @returns MORE_AVAILABLE if it stopped at the limit; NOTHING_AVAILABLE: ask again after
   *   `gate.onAvailable`; END_OF_INPUT when every channel has ended
   * @throws RemoteTransportError, PartitionNotFoundError, PartitionReleasedError,
   *   CorruptChannelDataError, and what the handler throws
   */
  poll(handler: RecordHandler<T>, maxRecords: number): InputStatus {
    let left = maxRecords
    for (const channel of this.#channels) left -= channel.readPriority(handler)
    // After as many empty looks as there are channels there is nothing.
    let empty = 0
    let isActive = false
    const count = this.#channels.length
    while (empty < count && left > 0) {
      const channel = this.#channels[this.#current]!
      if (channel.isReady()) {
        empty = 0
        if (!isActive) this.gate.showActivity(true)
        isActive = true
        const wasDue = channel.isRingDue
        left -= channel.read(handler, left)
        if (!wasDue && channel.isRingDue) this.#unrung.push(channel)
        // Out of turns within a buffer: it is gone on with next time.
        if (left <= 0) break
      } else {
        empty++
      }
      this.#current = this.#current + 1 === count ? 0 : this.#current + 1
    }
    if (empty === count) {
      this.#ringProducers()
      this.gate.showActivity(false)
    }
    if (this.gate.isFinished) return 'END_OF_INPUT'
    return empty < count ? 'MORE_AVAILABLE' : 'NOTHING_AVAILABLE'
  }

  /** Hands priority events over, and nothing else. @returns how many there were */
  pollPriority(handler: RecordHandler<T>): number {
    let count = 0
    for (const channel of this.#channels) count += channel.readPriority(handler)
    return count
  }

  /** See {@link ChannelReader.beginCapture}. */
  beginCapture(channel: number): ChannelCapture {
    return this.#channels[channel]!.beginCapture()
  }

  endCapture(channel: number): void {
    this.#channels[channel]!.endCapture()
  }

  /** Before the reader waits, whoever waits for its buffers must know of all that it gave back. */
  #ringProducers(): void {
    for (const channel of this.#unrung) channel.channel.queue.ringProducer()
    this.#unrung.length = 0
  }
}
