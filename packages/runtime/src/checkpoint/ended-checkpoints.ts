import type { PendingCheckpoint } from './pending-checkpoint.js'

/** Ended checkpoints that are remembered. */
const MAX_REMEMBERED = 1000

/**
 * Remembers how checkpoints ended, for answers that come late or twice. What is not known any more is left alone: its
 * files may belong to a checkpoint that a former leader completed.
 */
export class EndedCheckpoints {
  readonly #ended = new Map<bigint, PendingCheckpoint>()

  add(pending: PendingCheckpoint): void {
    this.#ended.set(pending.checkpointId, pending)
    if (this.#ended.size <= MAX_REMEMBERED) return
    const [oldest] = this.#ended.keys()
    this.#ended.delete(oldest!)
  }

  /** Whether state that the attempt sends now is part of nothing, and nobody else will remove it. */
  isAbandoned(checkpointId: bigint, executionAttemptId: string): boolean {
    const ended = this.#ended.get(checkpointId)
    if (ended === undefined) return false
    // The same report once more: the files are those of the checkpoint.
    return ended.state === 'FAILED' || !ended.hasAcknowledged(executionAttemptId)
  }
}
