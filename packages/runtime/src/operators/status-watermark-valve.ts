import assert from 'node:assert/strict'
import { NO_WATERMARK } from './watermarks.js'

/** Where the valve's decisions go: the operator behind the input. */
export interface WatermarkValveOutput {
  emitWatermark(timestampMs: number): void
  emitWatermarkStatus(status: 'ACTIVE' | 'IDLE'): void
}

interface Channel {
  watermark: number
  active: boolean
  /** Whether it counts for the minimum: it has caught up with what was already emitted. */
  aligned: boolean
}

/**
 * Merges the watermarks and the idleness of an input's channels (Flink's `StatusWatermarkValve`):
 * the least watermark of the channels that are active and aligned, never decreasing.
 */
export class StatusWatermarkValve {
  readonly #channels: Channel[]
  readonly #output: WatermarkValveOutput
  #lastWatermark = NO_WATERMARK
  #lastStatus: 'ACTIVE' | 'IDLE' = 'ACTIVE'

  constructor(numberOfChannels: number, output: WatermarkValveOutput) {
    assert(numberOfChannels > 0, 'an input has at least one channel')
    this.#output = output
    this.#channels = Array.from({ length: numberOfChannels }, () => ({
      watermark: NO_WATERMARK,
      active: true,
      aligned: true,
    }))
  }

  /** The watermark that was emitted last, {@link NO_WATERMARK} before the first. */
  get currentWatermark(): number {
    return this.#lastWatermark
  }

  inputWatermark(timestampMs: number, channelIndex: number): void {
    const channel = this.#channel(channelIndex)
    // What an idle channel says does not count before it says that it is active again.
    if (this.#lastStatus === 'IDLE' || !channel.active) return
    if (timestampMs <= channel.watermark) return
    channel.watermark = timestampMs
    if (timestampMs >= this.#lastWatermark) channel.aligned = true
    this.#emitNewMinimum()
  }

  inputWatermarkStatus(status: 'ACTIVE' | 'IDLE', channelIndex: number): void {
    const channel = this.#channel(channelIndex)
    if (status === 'IDLE') {
      if (!channel.active) return
      channel.active = false
      channel.aligned = false
      if (this.#channels.every((c) => !c.active)) {
        // Nobody holds anything back any more: what the channels promised together is the maximum.
        if (channel.watermark === this.#lastWatermark) this.#emitMaximum()
        this.#lastStatus = 'IDLE'
        this.#output.emitWatermarkStatus('IDLE')
      } else if (channel.watermark === this.#lastWatermark) {
        this.#emitNewMinimum()
      }
      return
    }
    if (channel.active) return
    channel.active = true
    if (channel.watermark >= this.#lastWatermark) channel.aligned = true
    if (this.#lastStatus === 'IDLE') {
      this.#lastStatus = 'ACTIVE'
      this.#output.emitWatermarkStatus('ACTIVE')
    }
  }

  #channel(index: number): Channel {
    const channel = this.#channels[index]
    assert(channel !== undefined, `channel ${index} belongs to this input`)
    return channel
  }

  #emitNewMinimum(): void {
    let minimum = Number.POSITIVE_INFINITY
    for (const channel of this.#channels) {
      if (channel.aligned && channel.watermark < minimum) minimum = channel.watermark
    }
    if (minimum !== Number.POSITIVE_INFINITY) this.#emit(minimum)
  }

  #emitMaximum(): void {
    let maximum = NO_WATERMARK
    for (const channel of this.#channels) {
      if (channel.watermark > maximum) maximum = channel.watermark
    }
    this.#emit(maximum)
  }

  #emit(timestampMs: number): void {
    if (timestampMs <= this.#lastWatermark) return
    this.#lastWatermark = timestampMs
    this.#output.emitWatermark(timestampMs)
  }
}
