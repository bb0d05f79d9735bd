import type { CheckpointBarrier } from '@flink-ts/network'
import type { ChannelNumber } from './barrier-aligner.js'
import type { BarrierTimer } from './barrier-timer.js'
import { type CapturedInput, InFlightCapture, type TaskEdges } from './in-flight-capture.js'
import { CheckpointAborted } from './subtask-checkpoint.js'

/**
 * What a task stores of its channels for the checkpoint that it took its part of last; unaligned checkpoints come one at a time.
 * Knows until when barriers that it has sent in their places may overtake.
 */
export class TaskInFlight {
  readonly #edges: TaskEdges
  readonly #channels: readonly CapturedInput[]
  readonly #timer: BarrierTimer
  readonly #wake: () => void
  readonly #endedChannels = new Set<ChannelNumber>()
  #current: { readonly barrier: CheckpointBarrier; readonly capture: InFlightCapture } | undefined

  constructor(options: {
    readonly edges: TaskEdges
    readonly channels: readonly CapturedInput[]
    readonly timer: BarrierTimer
    readonly wake: () => void
  }) {
    this.#edges = options.edges
    this.#channels = options.channels
    this.#timer = options.timer
    this.#wake = options.wake
  }

  /**
   * The task's state is taken now.
   *
   * @param isCutHere barriers are missing: what their channels hold is in flight
   */
  begin(barrier: CheckpointBarrier, isCutHere: boolean): InFlightCapture {
    const capture = new InFlightCapture(this.#edges, isCutHere ? this.#channels : [])
    capture.begin(this.#endedChannels)
    if (!isCutHere) capture.allArrived()
    this.#current = { barrier, capture }
    return capture
  }

  /** The task's barriers of {@link begin} are in its outputs. */
  sent(): void {
    const { barrier, capture } = this.#current!
    capture.sent()
    if (!capture.hasQueued) return
    this.#timer.set(barrier, () => this.overtake())
    capture.onTaken(this.#wake)
  }

  arrived(barrier: CheckpointBarrier, channel: ChannelNumber): void {
    this.#of(barrier.checkpointId)?.arrived(barrier, channel)
  }

  allArrived(checkpointId: bigint): void {
    this.#of(checkpointId)?.allArrived()
  }

  onEndOfPartition(channel: ChannelNumber): void {
    this.#endedChannels.add(channel)
    this.#current?.capture.ended(channel)
  }

  /** Something may have come, or gone, that was waited for. */
  check(): void {
    this.#current?.capture.check()
  }

  /** What the task has sent in its place overtakes now: it was too long on its way, or the task will not be there when it is. */
  overtake(): void {
    if (this.#current === undefined) return
    this.#timer.cancel(this.#current.barrier.checkpointId)
    this.#current.capture.overtake()
    this.#wake()
  }

  /** Everybody has taken their part of the checkpoint. */
  complete(checkpointId: bigint): void {
    this.abortBelow(checkpointId)
    this.#timer.cancel(checkpointId)
    if (this.#of(checkpointId) !== undefined) this.#current = undefined
  }

  /** Gives up what is of lower ids. */
  abortBelow(checkpointId: bigint): void {
    const id = this.#current?.barrier.checkpointId
    if (id !== undefined && id < checkpointId) this.abort(id)
  }

  abort(checkpointId: bigint): void {
    const capture = this.#of(checkpointId)
    if (capture === undefined) return
    this.#timer.cancel(checkpointId)
    this.#current = undefined
    capture.abort(new CheckpointAborted(checkpointId))
  }

  close(): void {
    if (this.#current !== undefined) this.abort(this.#current.barrier.checkpointId)
    this.#timer.close()
  }

  #of(checkpointId: bigint): InFlightCapture | undefined {
    const { barrier, capture } = this.#current ?? {}
    return barrier?.checkpointId === checkpointId ? capture : undefined
  }
}
