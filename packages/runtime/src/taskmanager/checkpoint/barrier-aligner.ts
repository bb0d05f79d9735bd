import type { CheckpointBarrier } from '@flink-ts/network'

/** Number of a channel among all of its task, over its gates in their order. */
export type ChannelNumber = number

/** Why a task gives up a checkpoint before its own part has begun. */
export type AlignmentAbortReason =
  | 'CHECKPOINT_DECLINED_SUBSUMED'
  | 'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER'

/** What a {@link BarrierAligner} has its task do. */
export interface AlignerActions {
  /** Nothing is read from the channel until {@link resumeAll}. */
  block(channel: ChannelNumber): void
  resumeAll(): void
  /** The first barrier of a checkpoint is here. */
  begin(barrier: CheckpointBarrier): void
  /** The task's own part. Until the answer has settled nothing is read from any channel. */
  start(barrier: CheckpointBarrier): void | Promise<void>
  /** The barrier of an UNALIGNED checkpoint that has started came on this channel. */
  arrived(barrier: CheckpointBarrier, channel: ChannelNumber): void
  /** So it did on all channels that have not ended. */
  allArrived(checkpointId: bigint): void
  /** The task has no part in it. @param reason undefined: the coordinator knows, it has said so */
  abort(checkpointId: bigint, reason: AlignmentAbortReason | undefined): void
}

/** A checkpoint of which barriers are missing. */
interface Alignment {
  readonly barrier: CheckpointBarrier
  readonly received: Set<ChannelNumber>
  /** Channels that have neither brought the barrier nor ended. */
  missing: number
  /** UNALIGNED: with the first barrier, or when it was waited for too long. */
  hasStarted: boolean
}

/** Aborted checkpoints that have not come yet and are remembered. */
const MAX_REMEMBERED = 100

/**
 * Waits for the barriers of a task's channels. ALIGNED: a channel that has brought its barrier is blocked until all have, so
 * that no record behind a barrier is processed before the task's part, and none before it afterwards. AT_LEAST_ONCE: channels are
 * blocked only during the task's part. UNALIGNED: the part begins with the first barrier; those that come then tell where what is
 * in flight ends. An ALIGNED checkpoint turns UNALIGNED when such a barrier comes, or {@link onTimeout}.
 *
 * Rules: a checkpoint begins once, ids of those that begin rise. What a channel brings shows that it will bring no lower id any
 * more: who waits for one gives up. A channel that has ended counts as one that has brought every barrier. Without I/O; all
 * calls come from one thread, and none while an answer of `start` is pending.
 */
export class BarrierAligner {
  readonly #numberOfChannels: number
  readonly #actions: AlignerActions
  readonly #ended = new Set<ChannelNumber>()
  /** Ascending by id; with ALIGNED barriers there is at most one. */
  #pending: Alignment[] = []
  /** Highest id that has begun here or was given up; lower ones begin no more. */
  #highest = 0n
  /** Aborted by the coordinator, and higher. */
  readonly #cancelled = new Set<bigint>()

  constructor(numberOfChannels: number, actions: AlignerActions) {
    this.#numberOfChannels = numberOfChannels
    this.#actions = actions
  }

  /** Highest id that has begun or was given up. */
  get highestCheckpointId(): bigint {
    return this.#highest
  }

  /** Whether barriers are missing. */
  get isAligning(): boolean {
    return this.#pending.length > 0
  }

  onBarrier(barrier: CheckpointBarrier, channel: ChannelNumber): void {
    const { checkpointId, alignment } = barrier
    this.#abortPassed(checkpointId, channel)
    const pending = this.#alignment(checkpointId) ?? this.#begin(barrier)
    if (pending === undefined) return
    // A barrier that has waited for its turn too long comes a second time.
    if (pending.received.has(channel)) return
    pending.received.add(channel)
    pending.missing--
    if (alignment === 'UNALIGNED' && !pending.hasStarted) {
      this.#startUnaligned(pending, barrier, channel)
    } else if (pending.hasStarted) this.#actions.arrived(barrier, channel)
    else if (alignment !== 'AT_LEAST_ONCE' && pending.missing > 0) this.#actions.block(channel)
    this.#startComplete()
  }

  /** The barriers of an ALIGNED checkpoint are not waited for any longer. */
  onTimeout(checkpointId: bigint): void {
    const pending = this.#alignment(checkpointId)
    if (pending === undefined || pending.hasStarted || pending.received.size === 0) return
    this.#startUnaligned(pending, { ...pending.barrier, alignment: 'UNALIGNED' })
  }

  /** The coordinator has triggered the checkpoint here: the task is a source, or all of its channels end without a barrier. */
  onTrigger(barrier: CheckpointBarrier): void {
    if (this.#alignment(barrier.checkpointId) === undefined) this.#begin(barrier)
    this.#startComplete()
  }

  /** The producer of the channel has no part in the checkpoint. */
  onCancel(checkpointId: bigint, channel: ChannelNumber): void {
    this.#abortPassed(checkpointId, channel)
    const pending = this.#alignment(checkpointId)
    if (pending === undefined && checkpointId <= this.#highest) return
    this.#giveUp(checkpointId, 'CHECKPOINT_DECLINED_ON_CANCELLATION_BARRIER')
  }

  onEndOfPartition(channel: ChannelNumber): void {
    this.#ended.add(channel)
    for (const pending of this.#pending) if (!pending.received.has(channel)) pending.missing--
    this.#startComplete()
  }

  /** The coordinator has given the checkpoint up. */
  onAborted(checkpointId: bigint): void {
    if (this.#alignment(checkpointId) !== undefined) this.#giveUp(checkpointId, undefined)
    else if (checkpointId > this.#highest) {
      this.#cancelled.add(checkpointId)
      if (this.#cancelled.size <= MAX_REMEMBERED) return
      const [oldest] = this.#cancelled
      this.#cancelled.delete(oldest!)
    }
  }

  /** Forgets what is pending; channels stay as they are. */
  close(): void {
    this.#pending = []
  }

  #alignment(checkpointId: bigint): Alignment | undefined {
    return this.#pending.find(({ barrier }) => barrier.checkpointId === checkpointId)
  }

  /** @returns undefined: it does not begin (any more) */
  #begin(barrier: CheckpointBarrier): Alignment | undefined {
    const { checkpointId } = barrier
    if (checkpointId <= this.#highest) return undefined
    if (this.#cancelled.delete(checkpointId)) {
      this.#giveUp(checkpointId, undefined)
      return undefined
    }
    this.#highest = checkpointId
    for (const id of this.#cancelled) if (id < checkpointId) this.#cancelled.delete(id)
    const missing = this.#numberOfChannels - this.#ended.size
    const received = new Set<ChannelNumber>()
    const alignment = { barrier, received, missing, hasStarted: false }
    this.#pending.push(alignment)
    this.#actions.begin(barrier)
    return alignment
  }

  /** What the channel has brought is behind all that it brings for lower ids. */
  #abortPassed(checkpointId: bigint, channel: ChannelNumber): void {
    const passed = this.#pending.filter(
      ({ barrier, received }) => barrier.checkpointId < checkpointId && !received.has(channel),
    )
    for (const { barrier } of passed) {
      this.#giveUp(barrier.checkpointId, 'CHECKPOINT_DECLINED_SUBSUMED')
    }
  }

  #giveUp(checkpointId: bigint, reason: AlignmentAbortReason | undefined): void {
    if (checkpointId > this.#highest) this.#highest = checkpointId
    const isPending = this.#alignment(checkpointId) !== undefined
    this.#pending = this.#pending.filter(({ barrier }) => barrier.checkpointId !== checkpointId)
    this.#actions.abort(checkpointId, reason)
    // With aligned barriers there is no other one that blocks channels.
    if (isPending) this.#actions.resumeAll()
  }

  /** @param channel the one that brought this barrier, if one did; those before it have brought theirs in its place */
  #startUnaligned(pending: Alignment, barrier: CheckpointBarrier, channel?: ChannelNumber): void {
    pending.hasStarted = true
    this.#start(barrier)
    for (const each of pending.received) {
      this.#actions.arrived(each === channel ? barrier : pending.barrier, each)
    }
  }

  /** The highest that is complete; those below it are of no use any more. */
  #startComplete(): void {
    const complete = this.#pending.findLast(({ missing }) => missing === 0)
    if (complete === undefined) return
    const { barrier } = complete
    const below = this.#pending.filter((p) => p.barrier.checkpointId < barrier.checkpointId)
    this.#pending = this.#pending.filter((p) => p.barrier.checkpointId > barrier.checkpointId)
    for (const { barrier: lower } of below) {
      this.#actions.abort(lower.checkpointId, 'CHECKPOINT_DECLINED_SUBSUMED')
    }
    if (complete.hasStarted) this.#actions.allArrived(barrier.checkpointId)
    else this.#start(barrier)
  }

  #start(barrier: CheckpointBarrier): void {
    for (let channel = 0; channel < this.#numberOfChannels; channel++) {
      if (!this.#ended.has(channel)) this.#actions.block(channel)
    }
    const started = this.#actions.start(barrier)
    if (started === undefined) this.#actions.resumeAll()
    else {
      // Who started it hears of its failure.
      const resume = () => this.#actions.resumeAll()
      started.then(resume, resume)
    }
  }
}
