import type { ValueSerializer } from '@flink-ts/core'
import { SlotFlags } from '../buffer/buffer-queue.js'
import type { CopiedSlot } from '../buffer/slot-copy.js'
import type { ChannelEvent, CheckpointBarrier, WatermarkStatus } from '../element/channel-event.js'
import { encodeEvent } from '../element/event-codec.js'
import {
  isOvertakableOutput,
  type OvertakableOutput,
  type WritablePartition,
} from './channel-output.js'
import type { ChannelSelector } from './channel-selector.js'
import { ChannelWriter } from './channel-writer.js'
import { QueuedBarrier } from './queued-barrier.js'

export interface RecordWriterOptions<T> {
  readonly serializer: ValueSerializer
  readonly selector: ChannelSelector<T>
  /** Each buffer is decodable alone (stored or read more than once). Default false. */
  readonly decodableAlone?: boolean
  /** Each record and watermark is shown to its consumers at once. Default false. */
  readonly flushAlways?: boolean
}

/**
 * Writes a task's records into its result partition, straight into network buffers. Unless it flushes always, nothing is
 * shown to the consumers before a buffer is full, an event follows or `flushAll` is called.
 */
export class RecordWriter<T = unknown> {
  readonly partition: WritablePartition
  readonly #channels: readonly ChannelWriter[]
  readonly #selector: ChannelSelector<T>
  readonly #flushAlways: boolean
  /** Undefined: barriers keep their places in them. */
  readonly #overtakable: readonly OvertakableOutput[] | undefined

  constructor(partition: WritablePartition, options: RecordWriterOptions<T>) {
    this.partition = partition
    this.#selector = options.selector
    this.#flushAlways = options.flushAlways ?? false
    const overtakable = partition.outputs.filter(isOvertakableOutput)
    const canOvertake =
      options.decodableAlone === true && overtakable.length === partition.outputs.length
    this.#overtakable = canOvertake ? overtakable : undefined
    this.#channels = partition.outputs.map(
      (output) =>
        new ChannelWriter(
          output,
          options.serializer.createEncoder(),
          options.decodableAlone ?? false,
        ),
    )
  }

  /**
   * Writes a record to the channel that the selector chooses, or to all.
   *
   * @param timestamp event time in ms; NaN or absent: none
   * @throws RecordTooLargeError, BufferWaitCancelledError, and what the encoder and the selector throw
   */
  emit(record: T, timestamp: number = Number.NaN): void {
    if (this.#selector.isBroadcast) {
      for (const channel of this.#channels) channel.writeRecord(record, timestamp)
      if (this.#flushAlways) this.flushAll()
      return
    }
    const index = this.#selector.select(record)
    const channel = this.#channels[index]
    if (channel === undefined) {
      throw new RangeError(
        `the partitioner chose channel ${index} of ${this.#channels.length}; ` +
          'it must answer an integer from 0 to the number of channels less one',
      )
    }
    channel.writeRecord(record, timestamp)
    if (this.#flushAlways) channel.output.flush()
  }

  /** To all channels, in order with their records. */
  emitWatermark(timestampMs: number): void {
    for (const channel of this.#channels) channel.writeWatermark(timestampMs)
    if (this.#flushAlways) this.flushAll()
  }

  /** To all channels, in order with their records. */
  emitWatermarkStatus(status: WatermarkStatus): void {
    for (const channel of this.#channels) channel.writeWatermarkStatus(status === 'IDLE')
    if (this.#flushAlways) this.flushAll()
  }

  /** To all channels, after everything written before; shown at once. */
  broadcastEvent(event: ChannelEvent): void {
    const bytes = encodeEvent(event)
    const flags = event.type === 'END_OF_PARTITION' ? SlotFlags.endOfPartition : 0
    for (const channel of this.#channels) channel.output.writeEvent(bytes, flags)
  }

  /**
   * To all channels, before everything that was written and has not been read: an unaligned barrier. If too
   * many wait there already, after it, as `broadcastEvent`.
   */
  broadcastPriorityEvent(event: ChannelEvent): void {
    const bytes = encodeEvent(event)
    for (const channel of this.#channels) channel.output.writePriorityEvent(bytes)
  }

  /** Whether {@link overtake} and {@link queueBarrier} are possible. */
  get canOvertake(): boolean {
    return this.#overtakable !== undefined
  }

  /**
   * To all channels, before everything that was written and has not been read.
   *
   * @returns by channel, what it has overtaken and the consumer may not have
   */
  overtake(barrier: CheckpointBarrier): (readonly CopiedSlot[])[] {
    return this.#overtakable!.map((output) => output.overtake(barrier))
  }

  /** To all channels, after everything written before; it may overtake that later. */
  queueBarrier(barrier: CheckpointBarrier): QueuedBarrier {
    return new QueuedBarrier(barrier, this.partition, this.#overtakable!)
  }

  /** Shows the consumers all that was written. */
  flushAll(): void {
    this.partition.flushAll()
  }

  /** Records written so far; one that is stored once for all channels counts once. */
  get numRecords(): number {
    let sum = 0
    for (const channel of this.#channels) sum += channel.output.numRecords
    return sum
  }
}
