import type { Clock, FileSystems, Logger } from '@flink-ts/core'
import type { CheckpointBarrier } from '@flink-ts/network'
import type { OperatorChain } from '../../operators/operator-chain.js'
import type { TwoInputStreamOperator } from '../../operators/stream-operator.js'
import type { InputEvents } from '../input/gate-handlers.js'
import type { TaskLocalState } from '../local-state/task-local-state.js'
import type { TaskInput, TaskOutput } from '../task-io.js'
import type { TaskCheckpointing } from '../task-launcher.js'
import { type AlignmentAbortReason, BarrierAligner, type ChannelNumber } from './barrier-aligner.js'
import type { CheckpointFiles } from './checkpoint-files.js'
import { type CapturedInput, InFlightCapture, type TaskEdges } from './in-flight-capture.js'
import {
  type AlignmentMetrics,
  CheckpointAborted,
  type CheckpointReports,
  SubtaskCheckpoint,
} from './subtask-checkpoint.js'

export interface TaskCheckpointsOptions {
  readonly chain: OperatorChain
  readonly inputs: readonly TaskInput[]
  readonly outputs: readonly TaskOutput[]
  readonly files: CheckpointFiles
  readonly fileSystems: FileSystems
  readonly checkpointing: TaskCheckpointing | undefined
  readonly edges: TaskEdges
  readonly localState?: TaskLocalState | undefined
  /** Ids of the operators of a task that had finished in the checkpoint it is restored from; they are not even open. */
  readonly finishedOperators: readonly string[] | undefined
  readonly clock: Clock
  readonly log: Logger
  readonly reports: CheckpointReports
  /** Nothing else happens in the task until the promise has settled; a rejection fails the task. */
  readonly hold: (work: Promise<void>) => void
  /** The data of a source end here, event time at its end, and the operators finish. */
  readonly drain: () => void
  /** The data of the task end here, and the operators do not finish. */
  readonly suspend: () => void
  readonly wake: () => void
}

/** What begins when the first barrier is there. */
interface BegunAlignment {
  readonly atMs: number
  readonly bytesConsumed: number
  readonly startDelayMs: number
}

/**
 * All that a task has to do with checkpoints: barriers of its inputs and triggers come in, its part goes to files and to the
 * JobMaster, notifications to its operators. Knows how long the task has to wait at its end.
 */
export class TaskCheckpoints implements InputEvents {
  readonly #options: TaskCheckpointsOptions
  readonly #aligner: BarrierAligner
  readonly #part: SubtaskCheckpoint
  readonly #channels: readonly CapturedInput[]
  readonly #endedChannels = new Set<ChannelNumber>()
  /** Of an unaligned checkpoint whose barriers are not all here. */
  #inFlight: { readonly checkpointId: bigint; readonly capture: InFlightCapture } | undefined
  readonly #blocked = new Set<ChannelNumber>()
  /** The operators finish: no channel is read. */
  #isPaused = false
  #hasDataEnded = false
  /** Checkpoints that were triggered while the operators finish: they hold what is done then. */
  readonly #triggeredMeanwhile: CheckpointBarrier[] = []
  /** The head chooses which input is read, which may not be the one that a barrier is missing from. */
  readonly #isSelective: boolean
  readonly #begun = new Map<bigint, BegunAlignment>()
  /** A savepoint that the task ends with. */
  #stopping: CheckpointBarrier | undefined
  /** `finish` has been called, and the operators wait for a checkpoint that holds what they did then. */
  #awaitsFinalCheckpoint = false
  /** The first one that does. */
  #finalCheckpointId: bigint | undefined

  constructor(options: TaskCheckpointsOptions) {
    const { inputs } = options
    this.#options = options
    this.#part = new SubtaskCheckpoint(options)
    const head: Partial<TwoInputStreamOperator> = options.chain.head
    this.#isSelective = head.nextSelection !== undefined
    this.#channels = inputs.flatMap((input, gate) =>
      Array.from({ length: input.numberOfChannels }, (_, channel) => ({ input, gate, channel })),
    )
    this.#aligner = new BarrierAligner(this.#channels.length, {
      block: (number) => {
        this.#blocked.add(number)
        this.#showBlocked(number)
      },
      resumeAll: () => {
        const blocked = [...this.#blocked]
        this.#blocked.clear()
        for (const number of blocked) this.#showBlocked(number)
      },
      begin: (barrier) => this.#begin(barrier),
      start: (barrier) => this.#start(barrier),
      arrived: (barrier, channel) =>
        this.#captureOf(barrier.checkpointId)?.arrived(barrier, channel),
      allArrived: (checkpointId) => this.#captureOf(checkpointId)?.allArrived(),
      abort: (checkpointId, reason) => this.#declined(checkpointId, reason),
    })
  }

  // ---------------------------------------------------------------- from the inputs

  onBarrier(barrier: CheckpointBarrier, channel: ChannelNumber): void {
    if (this.#isSelective) this.#refuse(barrier, channel)
    else this.#aligner.onBarrier(barrier, channel)
  }

  onCancel(checkpointId: bigint, channel: ChannelNumber): void {
    this.#aligner.onCancel(checkpointId, channel)
  }

  onEndOfPartition(channel: ChannelNumber): void {
    this.#endedChannels.add(channel)
    this.#inFlight?.capture.ended(channel)
    this.#aligner.onEndOfPartition(channel)
  }

  onEndOfAllData(): void {
    if (!this.#hasDataEnded) this.#pause(true)
  }

  // ---------------------------------------------------------------- from the JobMaster

  /** A repeated trigger changes nothing; of one that was overtaken by a later checkpoint the coordinator is told. */
  trigger(barrier: CheckpointBarrier): void {
    const { checkpointId, snapshotType } = barrier
    const isSource = this.#channels.length === 0
    if (checkpointId < this.#aligner.highestCheckpointId) {
      this.#options.reports.decline(checkpointId, 'CHECKPOINT_DECLINED_SUBSUMED')
    } else if (this.#isPaused) {
      this.#triggeredMeanwhile.push(barrier)
    } else if (snapshotType === 'SAVEPOINT_TERMINATE' && isSource && !this.#hasDataEnded) {
      this.#triggeredMeanwhile.push(barrier)
      this.#options.drain()
    } else this.#aligner.onTrigger(barrier)
  }

  /** @returns a promise if an operator did */
  notifyComplete(checkpointId: bigint): void | Promise<void> {
    if (this.#finalCheckpointId !== undefined && checkpointId >= this.#finalCheckpointId) {
      this.#awaitsFinalCheckpoint = false
    }
    this.#abortPartsBelow(checkpointId)
    const { chain, finishedOperators, localState } = this.#options
    localState?.completed(checkpointId)
    if (finishedOperators !== undefined) return
    const told = chain.notifyCheckpointComplete(checkpointId)
    if (this.#stopping === undefined || checkpointId < this.#stopping.checkpointId) return told
    return told === undefined ? this.#stop() : told.then(() => this.#stop())
  }

  /** @returns a promise if an operator did */
  notifyAborted(checkpointId: bigint): void | Promise<void> {
    this.#aligner.onAborted(checkpointId)
    this.#abortPart(checkpointId)
    this.#options.localState?.aborted(checkpointId)
    if (this.#stopping?.checkpointId === checkpointId) this.#stopping = undefined
    if (this.#options.finishedOperators !== undefined) return
    return this.#options.chain.notifyCheckpointAborted(checkpointId)
  }

  // ---------------------------------------------------------------- the task's time

  /** Whether state is being written. */
  get isWriting(): boolean {
    return this.#part.isWriting
  }

  /** @param isBusy records wait for the task @returns whether there is more to write now */
  writeSlice(isBusy: boolean): boolean {
    if (!this.#part.isWriting) return false
    if (this.#inFlight?.capture.check()) this.#inFlight = undefined
    return this.#part.writeSlice(isBusy)
  }

  /** Whether barriers may overtake what the task has not read. */
  get isUnaligned(): boolean {
    return this.#options.checkpointing?.unaligned === true
  }

  // ---------------------------------------------------------------- the task's end

  /** Whether the task has taken its part of a savepoint and processes no input until it is complete, or aborted. */
  get isSuspending(): boolean {
    return this.#stopping?.snapshotType === 'SAVEPOINT_SUSPEND'
  }

  /** The operators finish. @returns whether a checkpoint has to follow before the task may end */
  beginFinish(): boolean {
    this.#pause(true)
    const { checkpointing, chain } = this.#options
    if (checkpointing?.isPeriodic !== true || !checkpointing.afterTasksFinish) return false
    this.#awaitsFinalCheckpoint = chain.needsFinalCheckpoint
    return this.#awaitsFinalCheckpoint
  }

  /** Nothing will be processed any more, the operators have done what they do; what comes is read. */
  onDataEnded(): void {
    this.#hasDataEnded = true
    this.#pause(false)
    for (const barrier of this.#triggeredMeanwhile.splice(0)) this.trigger(barrier)
  }

  /** Whether the task, whose inputs have ended, waits for nothing any more. */
  get mayEnd(): boolean {
    return !this.#awaitsFinalCheckpoint && this.#stopping === undefined && !this.isWriting
  }

  /** Gives up what is being written. */
  async close(): Promise<void> {
    this.#aligner.close()
    if (this.#inFlight !== undefined) this.#abortPart(this.#inFlight.checkpointId)
    await this.#part.close()
    await this.#options.localState?.close()
  }

  /** The savepoint that the task has waited for is complete. */
  #stop(): void {
    const isSuspending = this.isSuspending && !this.#hasDataEnded
    this.#stopping = undefined
    if (isSuspending) this.#options.suspend()
  }

  #refuse({ checkpointId }: CheckpointBarrier, channel: ChannelNumber): void {
    if (checkpointId > this.#aligner.highestCheckpointId) {
      const cause = new Error('an operator that selects its inputs takes no part in checkpoints')
      this.#options.reports.decline(checkpointId, 'CHECKPOINT_DECLINED', cause)
    }
    this.#aligner.onCancel(checkpointId, channel)
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    for (let number = 0; number < this.#channels.length; number++) this.#showBlocked(number)
  }

  #showBlocked(number: ChannelNumber): void {
    const { input, channel } = this.#channels[number]!
    if (this.#isPaused || this.#blocked.has(number)) input.block(channel)
    else input.resume(channel)
  }

  #begin({ checkpointId, timestampMs }: CheckpointBarrier): void {
    const { clock } = this.#options
    this.#begun.set(checkpointId, {
      atMs: clock.monotonicNow(),
      bytesConsumed: this.#bytesConsumed(),
      startDelayMs: Math.max(0, clock.now() - timestampMs),
    })
  }

  #start(barrier: CheckpointBarrier): void | Promise<void> {
    const { checkpointId, snapshotType } = barrier
    const begun = this.#begun.get(checkpointId)!
    this.#begun.delete(checkpointId)
    this.#options.log.debug('Task takes its part of a checkpoint', {
      checkpointId: `${checkpointId}`,
      snapshotType,
    })
    if (this.#awaitsFinalCheckpoint) this.#finalCheckpointId ??= checkpointId
    if (snapshotType === 'SAVEPOINT_SUSPEND' || snapshotType === 'SAVEPOINT_TERMINATE') {
      this.#stopping = barrier
    }
    const alignment: AlignmentMetrics = {
      startDelayMs: begun.startDelayMs,
      alignmentDurationMs: this.#options.clock.monotonicNow() - begun.atMs,
      bytesProcessedDuringAlignment: this.#bytesConsumed() - begun.bytesConsumed,
      bytesPersistedDuringAlignment: 0,
      unaligned: barrier.alignment === 'UNALIGNED',
    }
    const { finishedOperators } = this.#options
    if (finishedOperators !== undefined) {
      this.#acknowledgeFinished(barrier, finishedOperators, alignment)
      return
    }
    const started = this.#part.start(barrier, alignment, this.#capture(barrier))
    if (started !== undefined) this.#options.hold(started)
    return started
  }

  /** @returns undefined: no barrier of the checkpoint overtakes anything in the job */
  #capture({ checkpointId, alignment }: CheckpointBarrier): InFlightCapture | undefined {
    if (!this.isUnaligned) return undefined
    if (alignment !== 'UNALIGNED' && alignment !== 'FORCED_ALIGNED') return undefined
    // Otherwise it is a source, or all barriers are here in their places.
    const isCutHere = alignment === 'UNALIGNED' && this.#aligner.isAligning
    // Unaligned checkpoints come one at a time: the coordinator has given the former one up.
    if (isCutHere) this.#abortPartsBelow(checkpointId)
    const capture = new InFlightCapture(this.#options.edges, isCutHere ? this.#channels : [])
    capture.begin(this.#endedChannels)
    if (isCutHere) this.#inFlight = { checkpointId, capture }
    else capture.allArrived()
    return capture
  }

  #captureOf(checkpointId: bigint): InFlightCapture | undefined {
    return this.#inFlight?.checkpointId === checkpointId ? this.#inFlight.capture : undefined
  }

  #abortPartsBelow(checkpointId: bigint): void {
    const { checkpointId: capturedId = checkpointId } = this.#inFlight ?? {}
    if (capturedId < checkpointId) this.#abortPart(capturedId)
    this.#part.abortBelow(checkpointId)
  }

  #abortPart(checkpointId: bigint): void {
    if (this.#inFlight?.checkpointId === checkpointId) {
      this.#inFlight.capture.abort(new CheckpointAborted(checkpointId))
      this.#inFlight = undefined
    }
    this.#part.abort(checkpointId)
  }

  #acknowledgeFinished(
    barrier: CheckpointBarrier,
    operators: readonly string[],
    alignment: AlignmentMetrics,
  ): void {
    for (const output of this.#options.outputs) output.broadcastEvent(barrier)
    const state = new Map(operators.map((operatorId) => [operatorId, { finished: true }]))
    const metrics = { ...alignment, syncDurationMs: 0, asyncDurationMs: 0 }
    this.#options.reports.acknowledge(barrier.checkpointId, state, metrics)
  }

  #declined(checkpointId: bigint, reason: AlignmentAbortReason | undefined): void {
    this.#begun.delete(checkpointId)
    this.#abortPart(checkpointId)
    for (const output of this.#options.outputs) {
      output.broadcastEvent({ type: 'CANCEL_CHECKPOINT', checkpointId })
    }
    if (reason !== undefined) this.#options.reports.decline(checkpointId, reason)
  }

  #bytesConsumed(): number {
    let bytes = 0
    for (const input of this.#options.inputs) bytes += input.bytesConsumed
    return bytes
  }
}
