import { type CancelTimer, FlinkError } from '@flink-ts/core'
import { RecipientUnreachableError, RpcTimeoutError } from '@flink-ts/rpc'
import type { ScheduleAction } from '../slotpool/slot-pool.js'

const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5000

export interface OperatorEventSenderOptions {
  /** One attempt to deliver. */
  readonly send: (sequence: number, payload: Uint8Array) => Promise<unknown>
  /** The other side refused an event for good. */
  readonly onFailed: (error: unknown) => void
  readonly schedule: ScheduleAction
  readonly execute: (action: () => void) => void
}

/** Where a checkpoint cuts the events in two. */
interface Cut {
  readonly checkpointId: bigint
  /** Number of the first event behind it. */
  readonly position: number
  readonly drained: () => void
  readonly ended: (error: Error) => void
}

/**
 * Delivers events of one operator to one attempt of one subtask, in order and each once: numbered,
 * one call at a time, repeated under the same number while its outcome is unknown. A checkpoint shuts
 * it like a valve: events behind the cut wait until the checkpoint is on its way.
 */
export class OperatorEventSender {
  readonly #options: OperatorEventSenderOptions
  readonly #queue: Uint8Array[] = []
  /** Those that are shut, in the order of their positions. */
  #cuts: Cut[] = []
  /** Of the event at the head of the queue. */
  #sequence = 0
  #sending = false
  #closed = false
  #cancelTimer: CancelTimer | undefined

  constructor(options: OperatorEventSenderOptions) {
    this.#options = options
  }

  enqueue(payload: Uint8Array): void {
    if (this.#closed) return
    this.#queue.push(payload)
    if (!this.#sending) this.#sendNext(FIRST_RETRY_MS)
  }

  /**
   * Holds what is enqueued from now on. Resolves when the attempt has all that was enqueued before; rejects when the attempt
   * ends before that, and when {@link open} comes before.
   */
  shut(checkpointId: bigint): Promise<void> {
    if (this.#closed) return Promise.reject(attemptEnded(checkpointId))
    const position = this.#sequence + this.#queue.length
    return new Promise((drained, ended) => {
      this.#cuts.push({ checkpointId, position, drained, ended })
      this.#checkDrained()
    })
  }

  /** Lets go what the checkpoint holds. Idempotent, also for one that never shut it. */
  open(checkpointId: bigint): void {
    const cut = this.#cuts.find((one) => one.checkpointId === checkpointId)
    if (cut === undefined) return
    this.#cuts = this.#cuts.filter((one) => one !== cut)
    cut.ended(
      new FlinkError(`Checkpoint ${checkpointId} has ended`, { code: 'FLINK_CHECKPOINT_FAILED' }),
    )
    if (!this.#sending) this.#sendNext(FIRST_RETRY_MS)
  }

  /** The attempt has ended: nothing is sent any more. Idempotent. */
  close(): void {
    this.#closed = true
    this.#queue.length = 0
    this.#cancelTimer?.()
    for (const { ended, checkpointId } of this.#cuts.splice(0)) ended(attemptEnded(checkpointId))
  }

  #sendNext(retryMs: number): void {
    const held = this.#cuts[0]?.position === this.#sequence
    const payload = held ? undefined : this.#queue[0]
    this.#sending = payload !== undefined && !this.#closed
    if (payload === undefined || this.#closed) return
    const { send, execute } = this.#options
    send(this.#sequence, payload).then(
      () => execute(() => this.#onSent()),
      (error) => execute(() => this.#onError(error, retryMs)),
    )
  }

  #onSent(): void {
    if (this.#closed) return
    this.#queue.shift()
    this.#sequence++
    this.#checkDrained()
    this.#sendNext(FIRST_RETRY_MS)
  }

  #checkDrained(): void {
    for (const { position, drained } of this.#cuts) if (position <= this.#sequence) drained()
  }

  #onError(error: unknown, retryMs: number): void {
    if (this.#closed) return
    if (error instanceof RpcTimeoutError || error instanceof RecipientUnreachableError) {
      this.#cancelTimer = this.#options.schedule(retryMs, () =>
        this.#sendNext(Math.min(2 * retryMs, MAX_RETRY_MS)),
      )
      return
    }
    this.close()
    this.#options.onFailed(error)
  }
}

function attemptEnded(checkpointId: bigint): FlinkError {
  return new FlinkError(
    `Checkpoint ${checkpointId} cannot begin: a task ended before it had the events that were sent to it before`,
    { code: 'FLINK_CHECKPOINT_FAILED', retriable: true },
  )
}
