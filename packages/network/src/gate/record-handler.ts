import type { ChannelEvent, WatermarkStatus } from '../element/channel-event.js'

/** Takes what a gate reads. The record path is synchronous. */
export interface RecordHandler<T = unknown> {
  /** @param timestamp event time in ms, NaN: none */
  onRecord(value: T, timestamp: number, channel: number): void
  onWatermark(timestampMs: number, channel: number): void
  onWatermarkStatus(status: WatermarkStatus, channel: number): void
  /**
   * The last event of each channel is END_OF_PARTITION.
   *
   * @param isPriority it has overtaken what the channel still holds
   */
  onEvent(event: ChannelEvent, channel: number, isPriority?: boolean): void
}
