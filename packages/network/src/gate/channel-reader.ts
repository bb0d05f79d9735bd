import assert from 'node:assert/strict'
import type { ValueDecoder } from '@flink-ts/core'
import { lz4Decompress } from '../blocking/lz4-block.js'
import { CONSUMED, SlotFlags } from '../buffer/buffer-queue.js'
import { SegmentView } from '../buffer/segment-view.js'
import { ElementTag } from '../element/element-tags.js'
import { decodeEvent } from '../element/event-codec.js'
import { CorruptChannelDataError, DataProtocolError } from '../errors/network-errors.js'
import { ChannelCapture } from './channel-capture.js'
import type { InputChannel, InputGate } from './input-gate.js'
import type { RecordHandler } from './record-handler.js'
import { SpanningAssembler } from './spanning-assembler.js'

// The largest segment that a pool may have.
const MAX_BLOCK_BYTES = 1 << 29

/** Decodes the elements of one channel. */
export class ChannelReader<T> {
  readonly channel: InputChannel
  readonly #gate: InputGate
  readonly #decoder: ValueDecoder
  readonly #view = new SegmentView()
  #block = Buffer.alloc(0)
  readonly #spanning = new SpanningAssembler()
  /** A buffer is open: its bytes up to `#view.limit` are being read. */
  #isOpen = false
  #numRecords = 0
  /** Elements of the open buffer that were handed over. */
  #elementsOfBuffer = 0
  #capture: ChannelCapture | undefined

  constructor(gate: InputGate, channel: InputChannel, decoder: ValueDecoder) {
    this.#gate = gate
    this.channel = channel
    this.#decoder = decoder
  }

  /** Whether the producer has not been told yet of buffers that were given back. */
  get isRingDue(): boolean {
    return this.channel.queue.isRingDue
  }

  /** Whether `read` would do something. @throws the error of a broken channel */
  isReady(): boolean {
    const channel = this.channel
    if (channel.isFinished) return false
    channel.checkError()
    return !channel.isBlocked && (this.#isOpen || channel.queue.hasData())
  }

  /**
   * Hands elements to the handler: at most `maxElements`, at most to the end of the buffer. An
   * event comes alone.
   *
   * @returns how many there were; 0 does not mean that there is no more
   */
  read(handler: RecordHandler<T>, maxElements: number): number {
    const queue = this.channel.queue
    if (!this.#isOpen) {
      if (!queue.peek()) return 0
      // Looked at after the slot: what has overtaken it is never seen later than it.
      if (queue.hasPriority()) return this.readPriority(handler)
      this.#capture?.takeQueued()
      if ((queue.flags & SlotFlags.event) !== 0) return this.#readEvent(handler)
      if ((queue.flags & SlotFlags.reset) !== 0 && queue.start === 0) this.#decoder.reset()
      if ((queue.flags & SlotFlags.compressed) !== 0) this.#decompress(queue.bytes())
      else queue.openView(this.#view)
      this.#isOpen = true
      this.#elementsOfBuffer = 0
    }
    const count = this.#readElements(handler, maxElements)
    if (this.#view.position === this.#view.limit) {
      this.#isOpen = false
      queue.memory.counters[CONSUMED] = this.#numRecords
      if (queue.consume()) queue.release()
    }
    return count
  }

  /** From now on all that has not been handed over is stored, until {@link ChannelCapture.end}. Replaces an earlier one. */
  beginCapture(): ChannelCapture {
    const { slots } = this.channel.queue
    assert(slots !== undefined, 'a channel that barriers overtake has a queue')
    const processed = this.#isOpen ? this.#elementsOfBuffer : 0
    this.#capture = new ChannelCapture(slots, this.#spanning.partial, processed)
    return this.#capture
  }

  endCapture(): void {
    this.#capture = undefined
  }

  /** Hands priority events over, whether the channel is blocked or not. @returns how many there were */
  readPriority(handler: RecordHandler<T>): number {
    const { queue, isFinished } = this.channel
    let count = 0
    while (!isFinished && queue.hasPriority()) {
      const bytes = queue.takePriority()!
      const event = this.#decoded(() => decodeEvent(bytes))
      count++
      handler.onEvent(event, this.channel.index, true)
    }
    return count
  }

  #decompress(stored: Buffer): void {
    this.#decoded(() => {
      const length = stored.length < 4 ? 0 : stored.readUInt32LE(0)
      if (length > MAX_BLOCK_BYTES) {
        throw new DataProtocolError(`a compressed block claims ${length} bytes`)
      }
      if (this.#block.length < length) this.#block = Buffer.allocUnsafeSlow(length)
      const bytes = this.#block.subarray(0, length)
      lz4Decompress(stored.subarray(4), bytes)
      this.#view.set(bytes, new DataView(bytes.buffer, 0, length), 0, length)
    })
  }

  #readEvent(handler: RecordHandler<T>): number {
    const queue = this.channel.queue
    // A copy: the slot is given back before the handler runs, which may throw.
    const event = this.#decoded(() => decodeEvent(Buffer.from(queue.bytes())))
    queue.consume()
    queue.release()
    if (event.type === 'END_OF_PARTITION') this.#gate.channelFinished(this.channel)
    handler.onEvent(event, this.channel.index)
    return 1
  }

  #readElements(handler: RecordHandler<T>, maxElements: number): number {
    const view = this.#view
    const decoder = this.#decoder
    const channel = this.channel.index
    let count = 0
    let isDecoding = true
    try {
      while (count < maxElements && view.position < view.limit) {
        const tag = view.bytes[view.position]!
        if (tag === ElementTag.record) {
          view.position++
          const value = decoder.decode(view) as T
          count++
          isDecoding = false
          handler.onRecord(value, Number.NaN, channel)
          isDecoding = true
        } else if (tag === ElementTag.recordWithTimestamp) {
          const timestamp = view.data.getFloat64(view.position + 1, true)
          view.position += 9
          const value = decoder.decode(view) as T
          count++
          isDecoding = false
          handler.onRecord(value, timestamp, channel)
          isDecoding = true
        } else {
          const deliver = this.#readOther(tag, view, handler)
          if (deliver !== undefined) {
            count++
            isDecoding = false
            deliver()
            isDecoding = true
          }
        }
      }
      if (view.position > view.limit) throw new DataProtocolError('an element passes its buffer')
    } catch (error) {
      throw isDecoding ? this.#corrupt(error) : error
    } finally {
      this.#numRecords += count
      this.#elementsOfBuffer += count
    }
    return count
  }

  /** @returns what hands the element on, undefined for a chunk that completes none */
  #readOther(tag: number, view: SegmentView, handler: RecordHandler<T>): (() => void) | undefined {
    const channel = this.channel.index
    const at = view.position
    switch (tag) {
      case ElementTag.watermark: {
        const timestamp = view.data.getFloat64(at + 1, true)
        view.position = at + 9
        return () => handler.onWatermark(timestamp, channel)
      }
      case ElementTag.watermarkStatus: {
        const status = view.bytes[at + 1] === 1 ? 'IDLE' : 'ACTIVE'
        view.position = at + 2
        return () => handler.onWatermarkStatus(status, channel)
      }
      case ElementTag.spanningStart: {
        this.#spanning.start(view.data.getUint32(at + 1, true))
        return this.#readChunk(view, at + 5, handler)
      }
      case ElementTag.spanningContinuation:
        return this.#readChunk(view, at + 1, handler)
      default:
        throw new DataProtocolError(`an element has the unknown tag ${tag}`)
    }
  }

  #readChunk(
    view: SegmentView,
    lengthAt: number,
    handler: RecordHandler<T>,
  ): (() => void) | undefined {
    const start = lengthAt + 4
    const end = start + view.data.getUint32(lengthAt, true)
    if (end > view.limit) throw new DataProtocolError('a chunk passes its buffer')
    view.position = end
    const element = this.#spanning.add(view.bytes, start, end)
    if (element === undefined) return undefined
    const whole = new SegmentView()
    const data = new DataView(element.buffer, element.byteOffset, element.byteLength)
    whole.set(element, data, 0, element.length)
    const hasTimestamp = element[0] === ElementTag.recordWithTimestamp
    if (!hasTimestamp && element[0] !== ElementTag.record) {
      throw new DataProtocolError(`a spanning element has the tag ${element[0]}`)
    }
    const timestamp = hasTimestamp ? data.getFloat64(1, true) : Number.NaN
    whole.position = hasTimestamp ? 9 : 1
    const value = this.#decoder.decode(whole) as T
    if (whole.position !== whole.limit) {
      throw new DataProtocolError('a spanning element is longer than its value')
    }
    return () => handler.onRecord(value, timestamp, this.channel.index)
  }

  #decoded<V>(decode: () => V): V {
    try {
      return decode()
    } catch (error) {
      throw this.#corrupt(error)
    }
  }

  #corrupt(cause: unknown): CorruptChannelDataError {
    const { partitionId, subpartition, peer } = this.channel.handle
    const why = cause instanceof Error ? cause.message : String(cause)
    return new CorruptChannelDataError(
      `Could not decode what subpartition ${subpartition} of partition ${partitionId} from ${peer} sent: ${why}`,
      { partitionId, channel: this.channel.index, cause },
    )
  }
}
