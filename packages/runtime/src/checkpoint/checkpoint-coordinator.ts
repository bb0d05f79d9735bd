import assert from 'node:assert/strict'
import { LeadershipLostError } from '../highavailability/store/store-errors.js'
import { CheckpointAnnouncer } from './checkpoint-announcer.js'
import { CheckpointCompletion } from './checkpoint-completion.js'
import type { CheckpointCoordinatorOptions } from './checkpoint-coordinator-options.js'
import { CheckpointError } from './checkpoint-errors.js'
import type { CheckpointFailureReason } from './checkpoint-failure-reason.js'
import type { AcknowledgeCheckpoint, DeclineCheckpoint } from './checkpoint-gateways.js'
import { type CheckpointPlan, isSamePlan } from './checkpoint-plan.js'
import {
  type CheckpointProperties,
  manualCheckpoint,
  PERIODIC_CHECKPOINT,
  savepoint,
} from './checkpoint-properties.js'
import { type CheckpointRequest, CheckpointRequests } from './checkpoint-requests.js'
import { effectiveMaxConcurrent, isRetained } from './checkpoint-settings.js'
import { Cleaner } from './cleaner.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'
import { EndedCheckpoints } from './ended-checkpoints.js'
import { handOver } from './hand-over.js'
import { PendingCheckpoint } from './pending-checkpoint.js'
import { PeriodicCheckpoints } from './periodic-checkpoints.js'
import { triggeredCheckpoint } from './triggered-checkpoint.js'

/**
 * Takes the checkpoints and savepoints of one job, in its JobMaster's main thread. Answers of tasks may be lost, late,
 * repeated and in any order; a checkpoint is complete when each task of its plan has acknowledged it, once, before it ended
 * otherwise.
 */
export class CheckpointCoordinator {
  readonly #options: CheckpointCoordinatorOptions
  readonly #requests = new CheckpointRequests()
  readonly #pending = new Map<bigint, PendingCheckpoint>()
  readonly #ended = new EndedCheckpoints()
  readonly #announcer: CheckpointAnnouncer
  readonly #cleaner: Cleaner
  readonly #completion: CheckpointCompletion
  readonly #periodic: PeriodicCheckpoints
  /** A request is on its way to an id, or its checkpoint is INITIALIZING. */
  #beginning: CheckpointRequest | undefined
  #lastCompletionMs: number | undefined
  #shutDown = false

  constructor(options: CheckpointCoordinatorOptions) {
    this.#options = options
    const { log, execute } = options
    this.#announcer = new CheckpointAnnouncer(options)
    this.#cleaner = new Cleaner({ log, onCleaned: () => execute(() => this.#beginNext()) })
    this.#completion = new CheckpointCompletion({
      ...options,
      cleaner: this.#cleaner,
      inMain: (work) => this.#inMain(work),
      onFailed: (pending, reason, cause) => this.#fail(pending, reason, cause),
      onCompleted: (pending, checkpoint) => this.#completed(pending, checkpoint),
    })
    this.#periodic = new PeriodicCheckpoints({
      ...options,
      // Whoever waits for a periodic checkpoint looks at the statistics.
      trigger: () => this.#enqueue(PERIODIC_CHECKPOINT, { completed: () => {}, failed: () => {} }),
    })
  }

  /** The newest checkpoint that tasks may commit; 0: none of this coordinator. */
  get latestCompletedId(): bigint {
    return this.#announcer.latestCompletedId
  }

  /** A checkpoint is being put where the next leader finds it: it may be the newest that is complete in a moment. */
  get isStoring(): boolean {
    return this.#completion.isStoring
  }

  /** Checkpoints that have begun and not ended. */
  get numberOfPending(): number {
    return this.#pending.size
  }

  /** All tasks run: periodic checkpoints begin, the first after a random part of the interval. Idempotent. */
  startScheduler(): void {
    if (!this.#shutDown) this.#periodic.start()
  }

  /** No more periodic checkpoints begin until {@link startScheduler}; all else goes on. Idempotent. */
  pauseScheduler(): void {
    this.#periodic.stop()
  }

  /** Tasks end or restart: nothing begins by itself, and what is pending is given up. Idempotent. */
  stopScheduler(
    reason: CheckpointFailureReason = 'CHECKPOINT_COORDINATOR_SUSPEND',
    cause?: unknown,
  ): void {
    this.#periodic.stop()
    this.#requests.failAll(() => new CheckpointError(reason, { cause }))
    this.abortPending(reason, cause)
  }

  /** Gives up all that is pending; what a later leader may find already goes on. */
  abortPending(reason: CheckpointFailureReason, cause?: unknown): void {
    for (const pending of [...this.#pending.values()]) this.#abort(pending, reason, cause)
  }

  /** Takes a checkpoint now, or as soon as others let it. Rejects with CheckpointError (FLINK_CHECKPOINT_FAILED). */
  triggerCheckpoint({ full = false }: { full?: boolean } = {}): Promise<CompletedCheckpoint> {
    return this.#request(manualCheckpoint(full))
  }

  /** Takes a savepoint below the folder `target`. Rejects with CheckpointError (FLINK_CHECKPOINT_FAILED). */
  triggerSavepoint(
    target: string,
    type: 'SAVEPOINT' | 'SAVEPOINT_SUSPEND' | 'SAVEPOINT_TERMINATE' = 'SAVEPOINT',
  ): Promise<CompletedCheckpoint> {
    return this.#request(savepoint(target, type))
  }

  acknowledgeCheckpoint(acknowledgement: AcknowledgeCheckpoint): void {
    const { checkpointId, executionAttemptId, state } = acknowledgement
    const pending = this.#pending.get(checkpointId)
    const isWaited = pending?.state === 'TRIGGERED'
    if (isWaited && pending.acknowledge(executionAttemptId, state)) {
      this.#options.statistics.acknowledged(acknowledgement)
      if (pending.isFullyAcknowledged) this.#completion.complete(pending)
      return
    }
    const isAbandoned =
      pending === undefined
        ? this.#ended.isAbandoned(checkpointId, executionAttemptId)
        : !pending.hasTask(executionAttemptId)
    this.#options.log.debug('An acknowledgement of a checkpoint is late, repeated or of nobody', {
      checkpointId: `${checkpointId}`,
      executionAttemptId,
      isAbandoned,
    })
    if (isAbandoned) this.#completion.discardState(state)
  }

  declineCheckpoint({ checkpointId, executionAttemptId, reason, cause }: DeclineCheckpoint): void {
    const pending = this.#pending.get(checkpointId)
    // One that was acknowledged before is of an attempt that has done its part.
    if (pending?.state !== 'TRIGGERED' || !pending.hasTask(executionAttemptId)) return
    if (!pending.hasAcknowledged(executionAttemptId)) this.#abort(pending, reason, cause)
  }

  /** The attempt has ended well: what it has not acknowledged it will not. */
  taskFinished(executionAttemptId: string): void {
    for (const pending of [...this.#pending.values()]) {
      const isWaited =
        pending.hasTask(executionAttemptId) && !pending.hasAcknowledged(executionAttemptId)
      if (isWaited) this.#abort(pending, 'CHECKPOINT_DECLINED_TASK_CLOSING', undefined)
    }
  }

  /**
   * The newest completed checkpoint, also one that is just being stored. Undefined: there is none. After
   * {@link stopScheduler}: nothing else may become complete meanwhile.
   */
  async restoreLatest(): Promise<CompletedCheckpoint | undefined> {
    await this.#inMain(this.#completion.whenStored())
    return this.restoreNow()
  }

  /** As {@link restoreLatest}, when nothing {@link isStoring}. */
  restoreNow(): CompletedCheckpoint | undefined {
    const canComplete = [...this.#pending.values()].some(({ state }) => state !== 'STORING')
    assert(!canComplete, 'what is pending has been given up before a restore')
    return this.#options.store.latest
  }

  /**
   * The job has ended like this: what is not retained is removed. SUSPENDED: another leader goes on with it. Resolves
   * when all is done; what could not be removed is logged.
   *
   * @returns whether nothing of it is needed any more
   */
  async shutdown(jobStatus: 'FINISHED' | 'CANCELED' | 'FAILED' | 'SUSPENDED'): Promise<boolean> {
    if (this.#shutDown) return false
    this.#shutDown = true
    this.stopScheduler('CHECKPOINT_COORDINATOR_SHUTDOWN')
    if (jobStatus === 'SUSPENDED') this.#completion.close()
    await this.#completion.whenIdle()
    const kept = isRetained(this.#options.settings.retention, jobStatus)
    if (jobStatus !== 'SUSPENDED') {
      for (const checkpoint of await this.#options.store.clear()) {
        if (!kept) this.#completion.discardCheckpoint(checkpoint)
      }
    }
    this.#completion.close()
    await this.#cleaner.whenIdle()
    return !kept
  }

  #request(properties: CheckpointProperties): Promise<CompletedCheckpoint> {
    return new Promise((completed, failed) => this.#enqueue(properties, { completed, failed }))
  }

  #enqueue(
    properties: CheckpointProperties,
    settle: Pick<CheckpointRequest, 'completed' | 'failed'>,
  ): void {
    const request = { properties, timestampMs: this.#options.clock.now(), ...settle }
    if (this.#shutDown) {
      request.failed(new CheckpointError('CHECKPOINT_COORDINATOR_SHUTDOWN'))
      return
    }
    this.#requests.add(request)
    this.#beginNext()
  }

  #beginNext(): void {
    while (this.#beginning === undefined && !this.#shutDown) {
      const { settings } = this.#options
      const conditions = {
        pendingCheckpoints: this.#pending.size,
        maxConcurrent: effectiveMaxConcurrent(settings),
        cleaning: this.#cleaner.size,
        remainingPauseMs: this.#remainingPauseMs(),
      }
      const request = this.#requests.take(conditions, (remainingMs) =>
        this.#periodic.postpone(remainingMs),
      )
      if (request === undefined) return
      const plan = this.#options.plan()
      if (typeof plan === 'string') request.failed(new CheckpointError(plan))
      else void this.#begin(request, plan)
    }
  }

  #remainingPauseMs(): number {
    const last = this.#lastCompletionMs
    if (last === undefined) return 0
    return last + this.#options.settings.minPauseMs - this.#options.clock.monotonicNow()
  }

  /** Never rejects. */
  async #begin(request: CheckpointRequest, plan: CheckpointPlan): Promise<void> {
    this.#beginning = request
    try {
      const checkpointId = await this.#inMain(this.#completion.nextId())
      // Attempts may have ended while the id was fetched.
      if (this.#shutDown || !isSamePlan(plan, this.#options.plan())) {
        request.failed(new CheckpointError('CHECKPOINT_COORDINATOR_SUSPEND', { checkpointId }))
      } else await this.#initialize(this.#track(request, plan, checkpointId))
    } catch (cause) {
      // Without an id there is nothing that could count as failed.
      const isExpired = cause instanceof CheckpointError
      const isOver = this.#shutDown || cause instanceof LeadershipLostError
      if (!isOver) this.#options.log.warn('A checkpoint could not begin', { error: cause })
      request.failed(
        isExpired ? cause : new CheckpointError('TRIGGER_CHECKPOINT_FAILURE', { cause }),
      )
    }
    this.#endBeginning(request)
  }

  #endBeginning(request: CheckpointRequest): void {
    if (this.#beginning === request) this.#beginning = undefined
    this.#beginNext()
  }

  #track(
    request: CheckpointRequest,
    plan: CheckpointPlan,
    checkpointId: bigint,
  ): PendingCheckpoint {
    const { jobId, settings, clock, log, schedule, statistics } = this.#options
    const timestampMs = clock.now()
    const options = { jobId, checkpointId, timestampMs, plan, request, clock, log }
    const pending = new PendingCheckpoint(options)
    this.#pending.set(checkpointId, pending)
    statistics.began(pending)
    pending.cancelTimeout = schedule(settings.timeoutMs, () =>
      this.#abort(pending, 'CHECKPOINT_EXPIRED', undefined),
    )
    return pending
  }

  async #initialize(pending: PendingCheckpoint): Promise<void> {
    const { gateway, coordinators, settings, isFullForced } = this.#options
    const { checkpointId, plan } = pending
    try {
      await this.#inMain(this.#completion.initializeLocation(pending))
    } catch (error) {
      this.#abort(pending, 'IO_EXCEPTION', error)
    }
    if (pending.isEnded) return
    try {
      const states = await this.#inMain(coordinators.checkpoint(checkpointId))
      if (pending.isEnded) return
      pending.triggered(states)
    } catch (error) {
      this.#abort(pending, 'TRIGGER_CHECKPOINT_FAILURE', error)
      return
    }
    gateway.trigger(plan.tasksToTrigger, triggeredCheckpoint(pending, settings, isFullForced?.()))
  }

  /** Nothing happens to one that has ended or may be found by a later leader. */
  #abort(pending: PendingCheckpoint, reason: CheckpointFailureReason, cause: unknown): void {
    if (pending.isEnded || pending.state === 'STORING') return
    this.#completion.discardPending(pending)
    this.#fail(pending, reason, cause)
  }

  #fail(pending: PendingCheckpoint, reason: CheckpointFailureReason, cause: unknown): void {
    const wasTriggered = pending.state !== 'INITIALIZING'
    pending.fail(reason, cause)
    this.#forget(pending)
    this.#announcer.failed(pending, reason, { cause, wasTriggered })
    // Its folder may hang for long; that keeps no other from beginning.
    this.#endBeginning(pending.request)
  }

  #completed(pending: PendingCheckpoint, checkpoint: CompletedCheckpoint): void {
    const { checkpointId } = pending
    this.#forget(pending)
    this.#lastCompletionMs = this.#options.clock.monotonicNow()
    if (!pending.isSavepoint) {
      for (const older of [...this.#pending.values()]) {
        const isSubsumed = older.checkpointId < checkpointId && !older.request.properties.isForced
        if (isSubsumed) this.#abort(older, 'CHECKPOINT_SUBSUMED', undefined)
      }
    }
    this.#announcer.completed(pending, checkpoint)
    this.#beginNext()
  }

  #forget(pending: PendingCheckpoint): void {
    pending.cancelTimeout()
    this.#pending.delete(pending.checkpointId)
    this.#ended.add(pending)
    pending.release()
  }

  /** Hands the outcome over in the main thread. */
  #inMain<T>(work: Promise<T>): Promise<T> {
    return handOver(work, this.#options.execute)
  }
}
