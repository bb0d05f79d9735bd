import type { CancelTimer, Clock } from '@flink-ts/core'
import { CONSUMED } from '../buffer/buffer-queue.js'
import { BufferDebloater, type BufferDebloating } from './buffer-debloater.js'
import type { ChannelSource } from './channel-source.js'

/** Cloneable: how a gate debloats, and where it shows what came of it. */
export interface GateDebloating extends BufferDebloating {
  readonly maxBytes: number
  readonly metrics: SharedArrayBuffer
}

/** What a gate with buffer debloating shows; Flink's names. */
export interface DebloatingMetrics {
  /** The size that its senders were told last, in bytes. */
  readonly debloatedBufferSize: number
  /** How long what is on its way to the gate will take. */
  readonly estimatedTimeToConsumeBuffersMs: number
}

const SIZE = 0
const ESTIMATED_MS = 1
// A clock may be too coarse for a consumer that reads all that is there at once.
const LEAST_MS = 0.001

/** Memory for a gate's {@link DebloatingMetrics}. */
export function createDebloatingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(16)
}

/** Reads them, in any thread. */
export function debloatingMetrics(memory: SharedArrayBuffer): DebloatingMetrics {
  const values = new Float64Array(memory)
  return {
    debloatedBufferSize: values[SIZE]!,
    estimatedTimeToConsumeBuffersMs: values[ESTIMATED_MS]!,
  }
}

/**
 * Measures a gate's throughput and tells its senders how large buffers should be. Time in which there was
 * nothing to read does not count: a source that pauses makes no consumer slow. Time in which its task
 * did not read what was there does.
 */
export class GateDebloater {
  readonly #sources: readonly ChannelSource[]
  readonly #debloater: BufferDebloater
  readonly #clock: Clock
  readonly #periodMs: number
  readonly #metrics: Float64Array
  #cancel: CancelTimer
  #bytes = 0
  /** Since when there is something to read; undefined: there is nothing. */
  #activeSince: number | undefined
  #activeMs = 0

  constructor(debloating: GateDebloating, sources: readonly ChannelSource[], clock: Clock) {
    this.#sources = sources
    this.#debloater = new BufferDebloater(debloating, debloating.maxBytes)
    this.#clock = clock
    this.#periodMs = debloating.periodMs
    this.#metrics = new Float64Array(debloating.metrics)
    this.#activeSince = clock.monotonicNow()
    this.#announce()
    this.#cancel = clock.schedule(this.#periodMs, this.#onPeriod)
  }

  /** There is nothing to read. */
  pause(): void {
    if (this.#activeSince === undefined) return
    this.#activeMs += this.#clock.monotonicNow() - this.#activeSince
    this.#activeSince = undefined
  }

  /** There is something again. Cheap if that was so. */
  resume(): void {
    this.#activeSince ??= this.#clock.monotonicNow()
  }

  close(): void {
    this.#cancel()
  }

  readonly #onPeriod = (): void => {
    this.#cancel = this.#clock.schedule(this.#periodMs, this.#onPeriod)
    const now = this.#clock.monotonicNow()
    if (this.#activeSince !== undefined) {
      this.#activeMs += now - this.#activeSince
      this.#activeSince = now
    }
    let bytes = 0
    let buffersInUse = 0
    for (const source of this.#sources) {
      bytes += source.memory.counters[CONSUMED + 1]!
      buffersInUse += source.buffersInUse()
    }
    // Idle throughout: that says nothing about how fast it would read.
    if (this.#activeMs === 0 && bytes === this.#bytes) return
    const activeMs = Math.max(this.#activeMs, LEAST_MS)
    const bytesPerSecond = ((bytes - this.#bytes) * 1000) / activeMs
    this.#bytes = bytes
    this.#activeMs = 0
    const isChanged = this.#debloater.measured(bytesPerSecond, buffersInUse)
    if (isChanged) this.#announce()
    this.#show()
  }

  #announce(): void {
    for (const source of this.#sources) source.announceBufferSize(this.#debloater.bufferBytes)
    this.#show()
  }

  #show(): void {
    this.#metrics[SIZE] = this.#debloater.bufferBytes
    this.#metrics[ESTIMATED_MS] = this.#debloater.estimatedTimeToConsumeMs
  }
}
