import type { CheckpointBarrier } from '@flink-ts/network'
import type { TwoInputStreamOperator } from '../../operators/stream-operator.js'
import type { InputEvents } from '../input/gate-handlers.js'
import { AlignmentMeter } from './alignment-meter.js'
import { type AlignmentAbortReason, BarrierAligner, type ChannelNumber } from './barrier-aligner.js'
import { BarrierTimer, isTimeoutable } from './barrier-timer.js'
import type { CapturedInput } from './in-flight-capture.js'
import { type PartInFlight, SubtaskCheckpoint } from './subtask-checkpoint.js'
import type { TaskCheckpointsOptions } from './task-checkpoints-options.js'
import { TaskInFlight } from './task-in-flight.js'

/**
 * All that a task has to do with checkpoints: barriers of its inputs and triggers come in, its part goes to files and to the
 * JobMaster, notifications to its operators. Knows how long the task has to wait at its end.
 */
export class TaskCheckpoints implements InputEvents {
  readonly #options: TaskCheckpointsOptions
  readonly #aligner: BarrierAligner
  readonly #part: SubtaskCheckpoint
  readonly #channels: readonly CapturedInput[]
  readonly #inFlight: TaskInFlight
  /** Of the alignment that waits for barriers in their places. */
  readonly #alignmentTimer: BarrierTimer
  readonly #blocked = new Set<ChannelNumber>()
  /** The operators finish: no channel is read. */
  #isPaused = false
  #hasDataEnded = false
  /** Checkpoints that were triggered while the operators finish: they hold what is done then. */
  readonly #triggeredMeanwhile: CheckpointBarrier[] = []
  /** The head chooses which input is read, which may not be the one that a barrier is missing from. */
  readonly #isSelective: boolean
  /** Of checkpoints whose barriers are not all here. */
  readonly #meters = new Map<bigint, AlignmentMeter>()
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
    const { edges, clock, execute, wake } = options
    this.#alignmentTimer = new BarrierTimer(clock, execute)
    const timer = new BarrierTimer(clock, execute)
    this.#inFlight = new TaskInFlight({ edges, channels: this.#channels, timer, wake })
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
      arrived: (barrier, channel) => this.#inFlight.arrived(barrier, channel),
      allArrived: (checkpointId) => this.#allArrived(checkpointId),
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
    this.#inFlight.onEndOfPartition(channel)
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
    this.#inFlight.complete(checkpointId)
    this.#part.abortBelow(checkpointId)
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
    this.#inFlight.check()
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

  /** The task's outputs end now. */
  beforeEnd(): void {
    this.#inFlight.overtake()
  }

  /** Gives up what is being written. */
  async close(): Promise<void> {
    this.#aligner.close()
    this.#alignmentTimer.close()
    this.#inFlight.close()
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

  #begin(barrier: CheckpointBarrier): void {
    const { checkpointId, alignment } = barrier
    const bytesConsumed = () => this.#bytesConsumed()
    this.#meters.set(checkpointId, new AlignmentMeter(barrier, this.#options.clock, bytesConsumed))
    // Where barriers came aligned although they need not be, some channel has nothing that they may overtake.
    if (!this.isUnaligned || alignment === 'FORCED_ALIGNED' || !isTimeoutable(barrier)) return
    this.#alignmentTimer.set(barrier, () => {
      // Otherwise all data are here, and the barriers right behind.
      if (!this.#isPaused) this.#aligner.onTimeout(checkpointId)
    })
  }

  #start(barrier: CheckpointBarrier): void | Promise<void> {
    const { checkpointId, snapshotType } = barrier
    this.#alignmentTimer.cancel(checkpointId)
    const meter = this.#meters.get(checkpointId)!
    const isUnaligned = barrier.alignment === 'UNALIGNED'
    const isCutHere = isUnaligned && this.#aligner.isAligning
    if (!isCutHere) this.#endAlignment(checkpointId)
    this.#options.log.debug('Task takes its part of a checkpoint', {
      checkpointId: `${checkpointId}`,
      snapshotType,
      alignment: barrier.alignment,
    })
    if (this.#awaitsFinalCheckpoint) this.#finalCheckpointId ??= checkpointId
    if (snapshotType === 'SAVEPOINT_SUSPEND' || snapshotType === 'SAVEPOINT_TERMINATE') {
      this.#stopping = barrier
    }
    const { finishedOperators } = this.#options
    if (finishedOperators !== undefined) {
      this.#acknowledgeFinished(barrier, finishedOperators, meter)
      return
    }
    const alignment = () => meter.metrics(isUnaligned)
    const started = this.#part.start(barrier, alignment, this.#beginInFlight(barrier, isCutHere))
    if (started !== undefined) this.#options.hold(started)
    return started
  }

  /** @param isCutHere otherwise the task is a source, or all barriers are here in their places */
  #beginInFlight(barrier: CheckpointBarrier, isCutHere: boolean): PartInFlight | undefined {
    const { checkpointId, alignment } = barrier
    // No barrier of the checkpoint overtakes anything in the job.
    if (!this.isUnaligned) return undefined
    if (alignment !== 'UNALIGNED' && alignment !== 'FORCED_ALIGNED' && !isTimeoutable(barrier)) {
      return undefined
    }
    // Unaligned checkpoints come one at a time: the coordinator has given the former one up.
    this.#inFlight.abortBelow(checkpointId)
    if (isCutHere) this.#part.abortBelow(checkpointId)
    const capture = this.#inFlight.begin(barrier, isCutHere)
    return { capture, sent: () => this.#inFlight.sent() }
  }

  #allArrived(checkpointId: bigint): void {
    this.#endAlignment(checkpointId)
    this.#inFlight.allArrived(checkpointId)
  }

  #endAlignment(checkpointId: bigint): void {
    this.#meters.get(checkpointId)?.end()
    this.#meters.delete(checkpointId)
  }

  #abortPart(checkpointId: bigint): void {
    this.#inFlight.abort(checkpointId)
    this.#part.abort(checkpointId)
  }

  #acknowledgeFinished(
    barrier: CheckpointBarrier,
    operators: readonly string[],
    meter: AlignmentMeter,
  ): void {
    for (const output of this.#options.outputs) output.broadcastEvent(barrier)
    const state = new Map(operators.map((operatorId) => [operatorId, { finished: true }]))
    const durations = { syncDurationMs: 0, asyncDurationMs: 0, bytesPersistedDuringAlignment: 0 }
    const metrics = { ...meter.metrics(barrier.alignment === 'UNALIGNED'), ...durations }
    this.#options.reports.acknowledge(barrier.checkpointId, state, metrics)
  }

  #declined(checkpointId: bigint, reason: AlignmentAbortReason | undefined): void {
    this.#meters.delete(checkpointId)
    this.#alignmentTimer.cancel(checkpointId)
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
