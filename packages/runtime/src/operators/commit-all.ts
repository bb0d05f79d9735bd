import { type Clock, type CommitRequest, type Committer, FlinkError } from '@flink-ts/core'

/** Pause before committables that asked for it are committed again, in ms; Flink's. */
const RETRY_DELAY_MS = 1000
/** Attempts after which a committable that always asks for another one fails the job. */
const MAX_RETRIES = 100

/** A sink could not make its output visible. */
export class CommitFailedError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_COMMIT_FAILED', cause })
  }
}

/**
 * Commits all committables, those that ask for it again after a pause.
 *
 * @throws CommitFailedError when one failed, or still asked for another attempt after the last one
 */
export async function commitAll<CommT>(
  committer: Committer<CommT>,
  committables: readonly CommT[],
  context: { clock: Clock; isCancelled: () => boolean; sinkName: string },
): Promise<void> {
  let pending = committables.map((c) => new PendingCommit(c))
  for (let retries = 0; pending.length > 0; retries++) {
    if (retries > 0) await pause(context.clock)
    if (context.isCancelled()) return
    if (retries > MAX_RETRIES) {
      throw new CommitFailedError(
        `Sink "${context.sinkName}" gave up committing ${pending.length} of ${committables.length} ` +
          `committables: their committer asked for another attempt ${MAX_RETRIES} times`,
      )
    }
    for (const request of pending) request.beginAttempt(retries)
    await committer.commit(pending)
    const failed = pending.find((p) => p.failure !== undefined)
    if (failed !== undefined) {
      throw new CommitFailedError(
        `Sink "${context.sinkName}" could not commit: ${failed.failure?.message}`,
        failed.failure,
      )
    }
    pending = pending.filter((p) => p.retry)
  }
}

class PendingCommit<CommT> implements CommitRequest<CommT> {
  committable: CommT
  numberOfRetries = 0
  retry = false
  failure: Error | undefined

  constructor(committable: CommT) {
    this.committable = committable
  }

  beginAttempt(retries: number): void {
    this.numberOfRetries = retries
    this.retry = false
  }

  retryLater(): void {
    this.retry = true
  }

  updateAndRetryLater(committable: CommT): void {
    this.committable = committable
    this.retry = true
  }

  signalAlreadyCommitted(): void {}

  signalFailedWithKnownReason(error: Error): void {
    this.failure = error
  }

  signalFailedWithUnknownReason(error: Error): void {
    this.failure = error
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.schedule(RETRY_DELAY_MS, resolve))
}
