import { CheckpointError } from './checkpoint-errors.js'
import { type CheckpointProperties, isSavepoint } from './checkpoint-properties.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'

/** Requests that may wait; Flink's. */
const MAX_QUEUED = 1000

/** A wish for a checkpoint. Settled once. */
export interface CheckpointRequest {
  readonly properties: CheckpointProperties
  readonly timestampMs: number
  readonly completed: (checkpoint: CompletedCheckpoint) => void
  readonly failed: (error: CheckpointError) => void
}

/** What the decision about the next request depends on. */
export interface RequestConditions {
  readonly pendingCheckpoints: number
  readonly maxConcurrent: number
  /** Old checkpoints that are being removed. */
  readonly cleaning: number
  /** Of the pause after the last one. */
  readonly remainingPauseMs: number
}

/** Requests in the order savepoints, forced, asked for, periodic; then by time. At most one periodic one waits. */
export class CheckpointRequests {
  #queue: CheckpointRequest[] = []

  get size(): number {
    return this.#queue.length
  }

  /** Rejects the last one when there are too many. */
  add(request: CheckpointRequest): void {
    if (request.properties.isPeriodic && this.#queue.some((r) => r.properties.isPeriodic)) {
      request.failed(new CheckpointError('TOO_MANY_CHECKPOINT_REQUESTS'))
      return
    }
    const rank = rankOf(request)
    const at = this.#queue.findIndex((waiting) => rankOf(waiting) > rank)
    this.#queue.splice(at < 0 ? this.#queue.length : at, 0, request)
    if (this.#queue.length <= MAX_QUEUED) return
    this.#queue.pop()!.failed(new CheckpointError('TOO_MANY_CHECKPOINT_REQUESTS'))
  }

  /**
   * Takes the request that may begin now.
   *
   * @param onTooEarly a periodic one came within the pause; it has been rejected, and should come again then
   */
  take(
    conditions: RequestConditions,
    onTooEarly: (remainingMs: number) => void,
  ): CheckpointRequest | undefined {
    const first = this.#queue[0]
    if (first === undefined) return undefined
    const { isForced, isPeriodic } = first.properties
    const { pendingCheckpoints, maxConcurrent, cleaning, remainingPauseMs } = conditions
    if (!isForced && (pendingCheckpoints >= maxConcurrent || cleaning > maxConcurrent)) {
      return undefined
    }
    this.#queue.shift()
    if (!isPeriodic || remainingPauseMs <= 0) return first
    first.failed(new CheckpointError('MINIMUM_TIME_BETWEEN_CHECKPOINTS'))
    onTooEarly(remainingPauseMs)
    return undefined
  }

  failAll(error: () => CheckpointError): void {
    const queue = this.#queue
    this.#queue = []
    for (const request of queue) request.failed(error())
  }
}

function rankOf({ properties }: CheckpointRequest): number {
  if (isSavepoint(properties)) return 0
  if (properties.isForced) return 1
  return properties.isPeriodic ? 3 : 2
}
