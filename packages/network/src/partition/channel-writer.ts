import type { ValueEncoder } from '@flink-ts/core'
import { SlotFlags } from '../buffer/buffer-queue.js'
import { SegmentView } from '../buffer/segment-view.js'
import {
  ElementTag,
  MAX_ELEMENT_BYTES,
  RECORD_HEADER_BYTES,
  SPANNING_CONTINUATION_BYTES,
  SPANNING_START_BYTES,
} from '../element/element-tags.js'
import { RecordTooLargeError } from '../errors/network-errors.js'
import type { ChannelOutput } from './channel-output.js'

// A rest smaller than this is not worth beginning a spanning element in.
const LEAST_CHUNK_BYTES = 64
const KEPT_SCRATCH_BYTES = 1024 * 1024

/** Writes the elements of one channel into its buffers, with an encoder of its own. */
export class ChannelWriter {
  readonly output: ChannelOutput
  readonly #encoder: ValueEncoder
  readonly #decodableAlone: boolean
  #scratch: Buffer | undefined

  /** @param decodableAlone each buffer starts with fresh tables, so that it can be stored and read again */
  constructor(output: ChannelOutput, encoder: ValueEncoder, decodableAlone: boolean) {
    this.output = output
    this.#encoder = encoder
    this.#decodableAlone = decodableAlone
  }

  /** @param timestamp NaN: none */
  writeRecord(value: unknown, timestamp: number): void {
    if (!this.#tryWrite(value, timestamp) && !this.#tryExtended(value, timestamp)) {
      this.#nextBuffer()
      if (!this.#tryWrite(value, timestamp) && !this.#tryExtended(value, timestamp)) {
        this.#writeSpanning(value, timestamp)
        // What follows would need the tables of the first chunk.
        if (this.#decodableAlone) this.output.flush()
      }
    }
    this.output.numRecords++
  }

  writeWatermark(timestampMs: number): void {
    this.#reserve(RECORD_HEADER_BYTES)
    const view = this.output.view
    view.bytes[view.position] = ElementTag.watermark
    view.data.setFloat64(view.position + 1, timestampMs, true)
    view.position += RECORD_HEADER_BYTES
  }

  writeWatermarkStatus(isIdle: boolean): void {
    this.#reserve(2)
    const view = this.output.view
    view.bytes[view.position] = ElementTag.watermarkStatus
    view.bytes[view.position + 1] = isIdle ? 1 : 0
    view.position += 2
  }

  #tryWrite(value: unknown, timestamp: number): boolean {
    const view = this.output.view
    const start = view.position
    if (view.limit - start <= RECORD_HEADER_BYTES) return false
    writeRecordHeader(view, timestamp)
    try {
      if (this.#encoder.tryEncode(value, view)) return true
    } catch (error) {
      // A value that cannot travel must not leave half of itself to the next flush.
      view.position = start
      throw error
    }
    view.position = start
    return false
  }

  #tryExtended(value: unknown, timestamp: number): boolean {
    return this.output.extend() && this.#tryWrite(value, timestamp)
  }

  #reserve(bytes: number): void {
    const view = this.output.view
    if (view.limit - view.position >= bytes) return
    if (!this.output.extend() || view.limit - view.position < bytes) this.#nextBuffer()
  }

  #nextBuffer(): void {
    if (this.#decodableAlone) this.#encoder.reset()
    this.output.nextBuffer(this.#decodableAlone ? SlotFlags.reset : 0)
  }

  #writeSpanning(value: unknown, timestamp: number): void {
    const { scratch, length } = this.#encodeToScratch(value, timestamp)
    const output = this.output
    const view = output.view
    let done = 0
    while (done < length) {
      const header = done === 0 ? SPANNING_START_BYTES : SPANNING_CONTINUATION_BYTES
      if (done > 0 || view.limit - view.position < header + LEAST_CHUNK_BYTES) {
        // The tables go on through all chunks: a continuation resets nothing.
        if (done > 0) output.nextBuffer(0)
        else this.#nextBuffer()
        output.extend()
      }
      const chunk = Math.min(length - done, view.limit - view.position - header)
      let at = view.position
      if (done === 0) {
        view.bytes[at] = ElementTag.spanningStart
        view.data.setUint32(at + 1, length, true)
        view.data.setUint32(at + 5, chunk, true)
      } else {
        view.bytes[at] = ElementTag.spanningContinuation
        view.data.setUint32(at + 1, chunk, true)
      }
      at += header
      scratch.copy(view.bytes, at, done, done + chunk)
      view.position = at + chunk
      done += chunk
    }
  }

  #encodeToScratch(value: unknown, timestamp: number): { scratch: Buffer; length: number } {
    let scratch = this.#scratch ?? Buffer.allocUnsafeSlow(this.output.view.limit * 4)
    const view = new SegmentView()
    for (;;) {
      view.set(scratch, new DataView(scratch.buffer), 0, scratch.length)
      writeRecordHeader(view, timestamp)
      if (this.#encoder.tryEncode(value, view)) break
      if (scratch.length >= MAX_ELEMENT_BYTES) throw new RecordTooLargeError(MAX_ELEMENT_BYTES)
      scratch = Buffer.allocUnsafeSlow(Math.min(scratch.length * 4, MAX_ELEMENT_BYTES))
    }
    this.#scratch = scratch.length <= KEPT_SCRATCH_BYTES ? scratch : undefined
    return { scratch, length: view.position }
  }
}

function writeRecordHeader(view: SegmentView, timestamp: number): void {
  const at = view.position
  if (!Number.isNaN(timestamp)) {
    view.bytes[at] = ElementTag.recordWithTimestamp
    view.data.setFloat64(at + 1, timestamp, true)
    view.position = at + RECORD_HEADER_BYTES
  } else {
    view.bytes[at] = ElementTag.record
    view.position = at + 1
  }
}
