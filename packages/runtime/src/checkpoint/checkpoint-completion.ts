import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import { newHandles, type SharedStateRegistry } from '@flink-ts/state'
import { CoordinationConnectionLostError } from '../highavailability/store/store-errors.js'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'
import { Retries } from '../retry/retries.js'
import { checkPartlyFinished } from './check-partly-finished.js'
import { CheckpointError } from './checkpoint-errors.js'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'
import type { CheckpointIdCounter } from './checkpoint-id-counter.js'
import type { CheckpointSettings } from './checkpoint-settings.js'
import type { CheckpointStatisticsTracker } from './checkpoint-statistics-tracker.js'
import type { CheckpointStorage } from './checkpoint-storage.js'
import type { Cleaner } from './cleaner.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'
import type { CompletedCheckpointStore } from './completed-checkpoint-store.js'
import type { PendingCheckpoint, SubtaskState } from './pending-checkpoint.js'

export interface CheckpointCompletionOptions {
  readonly storage: CheckpointStorage
  readonly store: CompletedCheckpointStore
  readonly counter: CheckpointIdCounter
  readonly sharedState: SharedStateRegistry
  readonly cleaner: Cleaner
  readonly statistics: CheckpointStatisticsTracker
  readonly schedule: ScheduleAction
  readonly settings: Pick<CheckpointSettings, 'timeoutMs'>
  readonly clock: Clock
  readonly log: Logger
  readonly inMain: <T>(work: Promise<T>) => Promise<T>
  readonly onFailed: (
    pending: PendingCheckpoint,
    reason: CheckpointFailureReason,
    cause: unknown,
  ) => void
  readonly onCompleted: (pending: PendingCheckpoint, checkpoint: CompletedCheckpoint) => void
}

/** What a checkpoint needs of files and of the coordination service: its id and folder, its end, and its removal. */
export class CheckpointCompletion {
  readonly #options: CheckpointCompletionOptions
  readonly #retries: Retries
  readonly #timers = new Set<CancelTimer>()
  readonly #completing = new Set<Promise<void>>()
  /** Those that a later leader may find. */
  readonly #storing = new Set<Promise<unknown>>()

  constructor(options: CheckpointCompletionOptions) {
    this.#options = options
    this.#retries = new Retries(options.schedule, options.log)
  }

  /**
   * Asks again while the coordination service does not answer, as long as a checkpoint may take.
   *
   * @throws CheckpointError CHECKPOINT_EXPIRED
   */
  nextId(): Promise<bigint> {
    const { counter, schedule, settings } = this.#options
    return new Promise((resolve, reject) => {
      const cancel = schedule(settings.timeoutMs, () =>
        reject(new CheckpointError('CHECKPOINT_EXPIRED')),
      )
      this.#timers.add(cancel)
      this.#persist('fetch the id of a checkpoint', () => counter.getAndIncrement())
        .then(resolve, reject)
        .finally(() => {
          cancel()
          this.#timers.delete(cancel)
        })
    })
  }

  /** One that ended meanwhile has its folder removed. */
  async initializeLocation(pending: PendingCheckpoint): Promise<void> {
    const { storage, inMain } = this.#options
    const { checkpointId, request } = pending
    const { target } = request.properties
    const location = await inMain(
      target === undefined
        ? storage.initializeCheckpoint(checkpointId)
        : storage.initializeSavepoint(target),
    )
    if (pending.isEnded) this.#discardDirectory(checkpointId, location.directory)
    else pending.location = location
  }

  /** All tasks have acknowledged: makes the checkpoint restorable. Never rejects. */
  complete(pending: PendingCheckpoint): void {
    pending.transitionTo('FINALIZING')
    const work = this.#complete(pending).finally(() => this.#completing.delete(work))
    this.#completing.add(work)
  }

  get isStoring(): boolean {
    return this.#storing.size > 0
  }

  /** Resolves when what a later leader may find already is stored, or has failed to be. */
  async whenStored(): Promise<void> {
    await Promise.allSettled(this.#storing)
  }

  /** Resolves when everything that is being completed has ended. */
  async whenIdle(): Promise<void> {
    await Promise.all(this.#completing)
  }

  /** What was written for a checkpoint that is given up. One that is being completed is removed afterwards. */
  discardPending(pending: PendingCheckpoint): void {
    const { cleaner, storage } = this.#options
    const { location, checkpointId } = pending
    if (pending.state === 'FINALIZING' || location === undefined) return
    const handles = pending.handles()
    cleaner.run(checkpointId, async () => {
      for (const handle of handles) await storage.discardHandle(handle)
      await storage.discard(location.directory)
    })
  }

  /** State that came for a checkpoint that is given up. */
  discardState(state: SubtaskState): void {
    const { cleaner, storage } = this.#options
    const handles = [...state.values()].flatMap(newHandles)
    cleaner.run(0n, async () => {
      for (const handle of handles) await storage.discardHandle(handle)
    })
  }

  /** A complete checkpoint that is not kept any more. */
  discardCheckpoint({ checkpointId, externalPath }: CompletedCheckpoint): void {
    const { sharedState, statistics } = this.#options
    sharedState.release(checkpointId)
    statistics.discarded(checkpointId)
    this.#discardDirectory(checkpointId, externalPath)
  }

  /** Nothing is tried again. Idempotent. */
  close(): void {
    this.#retries.close()
    for (const cancel of this.#timers) cancel()
  }

  async #complete(pending: PendingCheckpoint): Promise<void> {
    const { storage, sharedState, inMain, onFailed } = this.#options
    const { checkpointId } = pending
    const { directory } = pending.location!
    let checkpoint: CompletedCheckpoint
    try {
      const written = pending.toMetadata()
      checkPartlyFinished(written.operators)
      const metadata = pending.isSavepoint ? written : sharedState.register(written)
      const metadataBytes = await inMain(storage.complete(pending.location!, metadata))
      checkpoint = {
        checkpointId,
        properties: pending.request.properties,
        metadata,
        externalPath: directory,
        metadataBytes,
        completionTimestampMs: this.#options.clock.now(),
      }
    } catch (error) {
      this.#discardWritten(pending, directory)
      if (!pending.isEnded) onFailed(pending, 'FINALIZE_CHECKPOINT_FAILURE', error)
      return
    }
    // Given up while it was written.
    if (pending.isEnded) this.#discardWritten(pending, directory)
    else await this.#keep(pending, checkpoint)
  }

  async #keep(pending: PendingCheckpoint, checkpoint: CompletedCheckpoint): Promise<void> {
    const { store, inMain, onFailed, onCompleted } = this.#options
    if (!pending.isSavepoint) {
      pending.transitionTo('STORING')
      pending.cancelTimeout()
      const added = this.#persist('keep a checkpoint', () => store.add(checkpoint))
      this.#storing.add(added)
      try {
        const subsumed = await inMain(added)
        for (const older of subsumed) this.discardCheckpoint(older)
      } catch (error) {
        // A later leader may find it all the same: its files stay.
        onFailed(pending, 'FINALIZE_CHECKPOINT_FAILURE', error)
        return
      } finally {
        this.#storing.delete(added)
      }
    }
    pending.transitionTo('COMPLETED')
    onCompleted(pending, checkpoint)
  }

  #discardWritten({ checkpointId, isSavepoint }: PendingCheckpoint, directory: string): void {
    if (!isSavepoint) this.#options.sharedState.release(checkpointId)
    this.#discardDirectory(checkpointId, directory)
  }

  #discardDirectory(checkpointId: bigint, directory: string): void {
    const { cleaner, storage } = this.#options
    cleaner.run(checkpointId, () => storage.discard(directory))
  }

  #persist<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    const policy = {
      maxRetries: Number.POSITIVE_INFINITY,
      initialDelayMs: 100,
      maxDelayMs: 5000,
      isWorthRetrying: (error: unknown) => error instanceof CoordinationConnectionLostError,
    }
    return this.#retries.run(what, policy, attempt)
  }
}
