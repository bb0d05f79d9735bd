import type { Clock, CommitRequest, Committer } from '@flink-ts/core'
import { CommitFailedError } from './commit-failed-error.js'

/** Pause before committables that asked for it are committed again, in ms; Flink's. */
export const COMMIT_RETRY_DELAY_MS = 1000
/** Attempts after which a committable that always asks for another one fails the job. */
const MAX_RETRIES = 100

/** A committable and the checkpoint that it belongs to. */
export interface CheckpointedCommittable<CommT> {
  readonly checkpointId: bigint
  readonly committable: CommT
}

/**
 * What the writer of a sink has prepared and the committer has not made visible yet, by checkpoint. Nobody may commit while a
 * commit is under way.
 */
export class Committables<CommT> {
  readonly #sinkName: string
  #pending: PendingCommit<CommT>[] = []

  constructor(sinkName: string) {
    this.#sinkName = sinkName
  }

  get size(): number {
    return this.#pending.length
  }

  /** @param checkpointId the first checkpoint that has it */
  add(checkpointId: bigint, committables: readonly CommT[]): void {
    for (const c of committables) this.#pending.push(new PendingCommit(checkpointId, c))
  }

  /** What is not committed yet. */
  all(): CheckpointedCommittable<CommT>[] {
    return this.#pending.map(({ checkpointId, committable }) => ({ checkpointId, committable }))
  }

  has(upToCheckpointId: bigint): boolean {
    return this.#pending.some(({ checkpointId }) => checkpointId <= upToCheckpointId)
  }

  /**
   * Commits what belongs to checkpoints up to this one, once; what asked for another attempt stays.
   *
   * @returns whether some asked for another attempt
   * @throws CommitFailedError when one failed, or asked for another attempt too often
   */
  async commit(committer: Committer<CommT>, upToCheckpointId: bigint): Promise<boolean> {
    const due = this.#pending.filter(({ checkpointId }) => checkpointId <= upToCheckpointId)
    if (due.length === 0) return false
    for (const request of due) this.#begin(request, due.length)
    await committer.commit(due)
    const failed = due.find((p) => p.failure !== undefined)
    if (failed !== undefined) {
      throw new CommitFailedError(
        `Sink "${this.#sinkName}" could not commit: ${failed.failure?.message}`,
        failed.failure,
      )
    }
    this.#pending = this.#pending.filter((p) => p.retry || p.checkpointId > upToCheckpointId)
    return due.some((p) => p.retry)
  }

  /** Like {@link commit}, with a pause between attempts, until none asks for another one or `isCancelled` answers true. */
  async commitFully(
    committer: Committer<CommT>,
    upToCheckpointId: bigint,
    { clock, isCancelled }: { clock: Clock; isCancelled: () => boolean },
  ): Promise<void> {
    while (!isCancelled() && (await this.commit(committer, upToCheckpointId))) {
      await new Promise<void>((resolve) => void clock.schedule(COMMIT_RETRY_DELAY_MS, resolve))
    }
  }

  #begin(request: PendingCommit<CommT>, count: number): void {
    request.beginAttempt()
    if (request.numberOfRetries <= MAX_RETRIES) return
    throw new CommitFailedError(
      `Sink "${this.#sinkName}" gave up committing ${count} committables: their committer asked for ` +
        `another attempt ${MAX_RETRIES} times`,
    )
  }
}

class PendingCommit<CommT> implements CommitRequest<CommT> {
  readonly checkpointId: bigint
  committable: CommT
  /** Before the first attempt -1. */
  numberOfRetries = -1
  retry = false
  failure: Error | undefined

  constructor(checkpointId: bigint, committable: CommT) {
    this.checkpointId = checkpointId
    this.committable = committable
  }

  beginAttempt(): void {
    this.numberOfRetries++
    this.retry = false
  }

  retryLater(): void {
    this.retry = true
  }

  updateAndRetryLater(committable: CommT): void {
    this.committable = committable
    this.retry = true
  }

  signalAlreadyCommitted(): void {
    this.retry = false
  }

  signalFailedWithKnownReason(error: Error): void {
    this.failure = error
  }

  signalFailedWithUnknownReason(error: Error): void {
    this.failure = error
  }
}
