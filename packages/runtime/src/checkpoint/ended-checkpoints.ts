import type { PendingCheckpoint } from './pending-checkpoint.js'

/** Ended checkpoints that are remembered. */
const MAX_REMEMBERED = 100

/**
 * Remembers how checkpoints ended, for answers that come late or twice. What is not known any more is left alone: its
 * files may belong to a checkpoint that a former leader completed.
 */
export class EndedCheckpoints {
  /** By id: the attempts whose state is part of it; none of one that failed. */
  readonly #members = new Map<bigint, ReadonlySet<string>>()

  add(pending: PendingCheckpoint): void {
    const isCompleted = pending.state === 'COMPLETED'
    this.#members.set(pending.checkpointId, new Set(isCompleted ? pending.acknowledged : []))
    if (this.#members.size <= MAX_REMEMBERED) return
    const [oldest] = this.#members.keys()
    this.#members.delete(oldest!)
  }

  /** Whether state that the attempt sends now is part of nothing, and nobody else will remove it. */
  isAbandoned(checkpointId: bigint, executionAttemptId: string): boolean {
    // The same report once more: the files are those of the checkpoint.
    return this.#members.get(checkpointId)?.has(executionAttemptId) === false
  }
}
