import type { CopiedSlot } from '../buffer/slot-copy.js'
import type { CheckpointBarrier } from '../element/channel-event.js'
import type { OvertakableOutput, WritablePartition } from './channel-output.js'

/** A barrier that has its place behind the records of a partition, as long as nobody is in a hurry. */
export class QueuedBarrier {
  readonly #barrier: CheckpointBarrier
  readonly #partition: WritablePartition
  readonly #slots: readonly { readonly output: OvertakableOutput; readonly number: number }[]

  /** Writes it. */
  constructor(
    barrier: CheckpointBarrier,
    partition: WritablePartition,
    outputs: readonly OvertakableOutput[],
  ) {
    this.#barrier = barrier
    this.#partition = partition
    this.#slots = outputs.map((output) => ({ output, number: output.queueBarrier(barrier) }))
  }

  /** Whether nothing is left here that it would overtake: all channels were read, or sent, so far. */
  get isTaken(): boolean {
    return this.#slots.every(({ output, number }) => output.isTaken(number))
  }

  /** Calls `callback` once when {@link isTaken}, never synchronously. Of one partition the barrier that asked last is told. */
  onTaken(callback: () => void): void {
    this.#partition.onTaken?.(() => this.isTaken, callback)
  }

  /**
   * Has it overtake what was written before it and has not been read, on all channels; also what has been sent and waits at
   * the other end.
   *
   * @returns by channel, what it has overtaken and the consumer may not have
   */
  overtake(): (readonly CopiedSlot[])[] {
    return this.#slots.map(({ output, number }) => output.overtakeWith(this.#barrier, number))
  }
}
