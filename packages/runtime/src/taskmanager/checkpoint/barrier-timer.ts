import type { CancelTimer, Clock } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'

/** Whether the barrier is one that keeps its place for a time and overtakes records then. */
export function isTimeoutable({ alignment, alignedTimeoutMs }: CheckpointBarrier): boolean {
  return alignedTimeoutMs > 0 && (alignment === 'ALIGNED' || alignment === 'FORCED_ALIGNED')
}

/** How long the barrier keeps its place still, in ms. As Flink's it counts from the trigger of the checkpoint, not from the task's first barrier. */
export function timeToOvertakeMs(
  { timestampMs, alignedTimeoutMs }: CheckpointBarrier,
  clock: Clock,
): number {
  return Math.max(0, timestampMs + alignedTimeoutMs - clock.now())
}

/** Tells a task when the time of a barrier in its place is over. For one barrier at a time. */
export class BarrierTimer {
  readonly #clock: Clock
  readonly #execute: (action: () => void, description: string) => void
  #set: { readonly checkpointId: bigint; readonly cancel: CancelTimer } | undefined

  /** @param execute has the action run in the task's thread, between two records */
  constructor(clock: Clock, execute: (action: () => void, description: string) => void) {
    this.#clock = clock
    this.#execute = execute
  }

  /** Replaces an earlier one. */
  set(barrier: CheckpointBarrier, action: () => void): void {
    this.#set?.cancel()
    const timer = {
      checkpointId: barrier.checkpointId,
      cancel: this.#clock.schedule(timeToOvertakeMs(barrier, this.#clock), () =>
        this.#execute(() => {
          if (this.#set !== timer) return
          this.#set = undefined
          action()
        }, 'barrier has waited too long'),
      ),
    }
    this.#set = timer
  }

  /** Forgets the timer of checkpoints up to this one. */
  cancel(upToCheckpointId: bigint): void {
    if (this.#set === undefined || this.#set.checkpointId > upToCheckpointId) return
    this.#set.cancel()
    this.#set = undefined
  }

  close(): void {
    this.#set?.cancel()
    this.#set = undefined
  }
}
