import type { Clock } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { SubtaskCheckpointMetrics } from '../../checkpoint/checkpoint-gateways.js'

/** Figures of the time before the task's own part, and of what it stored of channels. */
export type AlignmentMetrics = Omit<
  SubtaskCheckpointMetrics,
  'syncDurationMs' | 'asyncDurationMs' | 'bytesPersistedDuringAlignment'
>

/** Measures one alignment: from the first barrier of a checkpoint to the last. */
export class AlignmentMeter {
  readonly #clock: Clock
  readonly #bytesConsumed: () => number
  readonly #startDelayMs: number
  readonly #beganMs: number
  readonly #beganBytes: number
  #ended: { readonly durationMs: number; readonly bytes: number } | undefined

  /** Begins. @param bytesConsumed of all inputs, so far */
  constructor(barrier: CheckpointBarrier, clock: Clock, bytesConsumed: () => number) {
    this.#clock = clock
    this.#bytesConsumed = bytesConsumed
    this.#startDelayMs = Math.max(0, clock.now() - barrier.timestampMs)
    this.#beganMs = clock.monotonicNow()
    this.#beganBytes = bytesConsumed()
  }

  /** The last barrier is here. */
  end(): void {
    const durationMs = this.#clock.monotonicNow() - this.#beganMs
    this.#ended = { durationMs, bytes: this.#bytesConsumed() - this.#beganBytes }
  }

  /** @param unaligned the task's part began with the first barrier, or before the last */
  metrics(unaligned: boolean): AlignmentMetrics {
    if (this.#ended === undefined) this.end()
    return {
      startDelayMs: this.#startDelayMs,
      alignmentDurationMs: this.#ended!.durationMs,
      bytesProcessedDuringAlignment: this.#ended!.bytes,
      unaligned,
    }
  }
}
