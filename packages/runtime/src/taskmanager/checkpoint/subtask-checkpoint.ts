import type { Clock, FileSystems } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { CheckpointFailureReason } from '../../checkpoint/checkpoint-failure-reason.js'
import type { SubtaskCheckpointMetrics } from '../../checkpoint/checkpoint-gateways.js'
import type { SubtaskState } from '../../checkpoint/pending-checkpoint.js'
import type { OperatorChain } from '../../operators/operator-chain.js'
import type { OperatorSnapshots, StateSnapshotContext } from '../../operators/state-contexts.js'
import type { TaskOutput } from '../task-io.js'
import type { AlignmentMetrics } from './alignment-meter.js'
import { isTimeoutable, timeToOvertakeMs } from './barrier-timer.js'
import type { CheckpointFiles } from './checkpoint-files.js'
import type { InFlightCapture } from './in-flight-capture.js'
import { SnapshotWriting } from './snapshot-writing.js'

/** Whom a task tells of its parts in checkpoints. */
export interface CheckpointReports {
  acknowledge(checkpointId: bigint, state: SubtaskState, metrics: SubtaskCheckpointMetrics): void
  decline(checkpointId: bigint, reason: CheckpointFailureReason, cause?: unknown): void
}

export interface SubtaskCheckpointOptions {
  readonly chain: OperatorChain
  readonly outputs: readonly TaskOutput[]
  readonly files: CheckpointFiles
  readonly fileSystems: FileSystems
  readonly clock: Clock
  readonly reports: CheckpointReports
  /** Called when a slice can be written, and when a part has ended. */
  readonly wake: () => void
}

/** What is in flight in the task's channels at its part of a checkpoint. */
export interface PartInFlight {
  readonly capture: InFlightCapture
  /** The barriers are in all outputs. */
  readonly sent: () => void
}

/** Slices take so long, in ms. */
const SLICE_MS = 1
/** A busy task writes for this part of its time, in the long run. */
const BUSY_PART = 1 / 10
/** And for this one as long as it has time saved up: a part that is ready early is repeated less after a failure. */
const BURST_PART = 1 / 2
/** Time that can be saved up, in ms: state that takes longer does not halve the throughput for longer than twice that. */
const MOST_SAVED_MS = 1000

/** Why a part is given up that nobody waits for any more. */
export class CheckpointAborted extends Error {
  constructor(checkpointId: bigint) {
    super(`checkpoint ${checkpointId} was aborted`)
  }
}

/**
 * A subtask's own part of its checkpoints, in Flink's order: what operators hold back goes out, head to tail → the barrier goes
 * into all outputs → their state is taken, tail to head; then, while records are processed, it is written and acknowledged. Up to the
 * taking of the state nothing else may happen in the task.
 */
export class SubtaskCheckpoint {
  readonly #options: SubtaskCheckpointOptions
  readonly #writings = new Map<bigint, SnapshotWriting>()
  #nextSliceMs = Number.NEGATIVE_INFINITY
  /** Of {@link BUSY_PART}, not used for slices up to {@link #savedAtMs}. */
  #savedMs = MOST_SAVED_MS
  #savedAtMs: number
  #isClosed = false

  constructor(options: SubtaskCheckpointOptions) {
    this.#options = options
    this.#savedAtMs = options.clock.monotonicNow()
  }

  /** Whether parts are being written. */
  get isWriting(): boolean {
    return this.#writings.size > 0
  }

  /**
   * Gives up what is being written for checkpoints below this one: nobody waits for it any more, and what was said of that may
   * have been lost. Savepoints go on.
   */
  abortBelow(checkpointId: bigint): void {
    for (const [id, writing] of this.#writings) {
      if (id < checkpointId && !writing.isSavepoint) this.abort(id)
    }
  }

  /**
   * Takes the task's state, between two records.
   *
   * @param alignment asked when all is stored
   * @param inFlight of a checkpoint that is unaligned somewhere in the job, or may become so
   * @returns a promise if an operator did; it rejects, or the call throws, when an operator fails: the task must fail then
   */
  start(
    barrier: CheckpointBarrier,
    alignment: () => AlignmentMetrics,
    inFlight?: PartInFlight,
  ): void | Promise<void> {
    const { chain, clock } = this.#options
    const startedMs = clock.monotonicNow()
    const take = () => {
      // Closed while operators prepared: what they prepared is removed, and must not be part of a checkpoint.
      if (this.#isClosed) return
      this.#send(barrier, inFlight)
      const taken = chain.snapshotState(snapshotContext(barrier))
      const write = (snapshots: OperatorSnapshots[]) => {
        const syncDurationMs = clock.monotonicNow() - startedMs
        this.#write(barrier, snapshots, { alignment, syncDurationMs }, inFlight?.capture)
      }
      return taken instanceof Promise ? taken.then(write) : write(taken)
    }
    const prepared = chain.prepareSnapshotPreBarrier(barrier.checkpointId)
    return prepared === undefined ? take() : prepared.then(take)
  }

  /**
   * Writes a part of what was taken, if it is time.
   *
   * @param isBusy records wait for the task
   * @returns whether there is more to do now
   */
  writeSlice(isBusy: boolean): boolean {
    for (const writing of this.#writings.values()) {
      if (!writing.canWriteSlice) continue
      const { clock } = this.#options
      const beginMs = clock.monotonicNow()
      if (isBusy && beginMs < this.#nextSliceMs) return false
      writing.writeSlice(SLICE_MS)
      const endMs = clock.monotonicNow()
      this.#nextSliceMs = endMs + (endMs - beginMs) * (1 / this.#part(endMs, endMs - beginMs) - 1)
      return true
    }
    return false
  }

  /** The part of its time that a busy task may write for now that it did for `tookMs`. */
  #part(nowMs: number, tookMs: number): number {
    const saved = this.#savedMs + (nowMs - this.#savedAtMs) * BUSY_PART
    this.#savedMs = Math.max(0, Math.min(MOST_SAVED_MS, saved) - tookMs)
    this.#savedAtMs = nowMs
    return this.#savedMs > 0 ? BURST_PART : BUSY_PART
  }

  /** Gives up what is being written for a checkpoint, if it is. */
  abort(checkpointId: bigint): void {
    this.#writings.get(checkpointId)?.abort(new CheckpointAborted(checkpointId))
  }

  /** Gives up everything. Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    const writings = [...this.#writings]
    for (const [checkpointId, writing] of writings) {
      writing.abort(new CheckpointAborted(checkpointId))
    }
    await Promise.allSettled(writings.map(([, { done }]) => done))
  }

  #send(
    { overtaken: _before, ...barrier }: CheckpointBarrier,
    inFlight: PartInFlight | undefined,
  ): void {
    const { outputs, clock } = this.#options
    // Barriers that keep their places for now.
    const isQueued = isTimeoutable(barrier) && timeToOvertakeMs(barrier, clock) > 0
    outputs.forEach((output, i) => {
      if (inFlight === undefined) output.broadcastEvent(barrier)
      else if (!output.canOvertake) {
        output.broadcastEvent({ ...barrier, alignment: 'FORCED_ALIGNED' })
      } else if (isQueued) {
        const queued = output.queueBarrier({ ...barrier, alignment: 'ALIGNED' })
        inFlight.capture.queued(i, queued)
      } else inFlight.capture.produced(i, output.overtake(barrier))
    })
    inFlight?.sent()
  }

  #write(
    barrier: CheckpointBarrier,
    snapshots: readonly OperatorSnapshots[],
    {
      alignment,
      ...metrics
    }: { readonly alignment: () => AlignmentMetrics; readonly syncDurationMs: number },
    inFlight: InFlightCapture | undefined,
  ): void {
    const { checkpointId } = barrier
    const { files, fileSystems, clock, reports, wake } = this.#options
    if (this.#isClosed) {
      for (const { keyed } of snapshots) keyed?.release()
      return
    }
    const beginMs = clock.monotonicNow()
    let writing: SnapshotWriting
    try {
      const streams = files.streams(barrier)
      const operatorId = this.#options.chain.headId
      const overtaken = inFlight && { operatorId, channels: inFlight.done }
      const isSavepoint = isOfSavepoint(barrier)
      const sources = { snapshots, isSavepoint, inFlight: overtaken }
      writing = new SnapshotWriting({ ...sources, streams, fileSystems, wake })
    } catch (error) {
      for (const { keyed } of snapshots) keyed?.release()
      reports.decline(checkpointId, 'CHECKPOINT_DECLINED', error)
      return
    }
    this.#writings.set(checkpointId, writing)
    void writing.done
      .then(
        (state) => {
          const asyncDurationMs = clock.monotonicNow() - beginMs
          const bytesPersistedDuringAlignment = writing.inFlightBytes
          const written = { asyncDurationMs, bytesPersistedDuringAlignment }
          reports.acknowledge(checkpointId, state, { ...alignment(), ...metrics, ...written })
        },
        (error: unknown) => {
          if (error instanceof CheckpointAborted) return
          reports.decline(checkpointId, 'CHECKPOINT_ASYNC_EXCEPTION', error)
        },
      )
      .then(() => {
        this.#writings.delete(checkpointId)
        wake()
      })
  }
}

function isOfSavepoint({ snapshotType }: CheckpointBarrier): boolean {
  return snapshotType.startsWith('SAVEPOINT')
}

function snapshotContext(barrier: CheckpointBarrier): StateSnapshotContext {
  const { checkpointId, timestampMs, snapshotType } = barrier
  const isSavepoint = isOfSavepoint(barrier)
  return { checkpointId, timestampMs, isSavepoint, isFull: snapshotType !== 'CHECKPOINT' }
}
