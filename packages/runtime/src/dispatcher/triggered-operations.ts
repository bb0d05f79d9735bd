import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'
import { toErrorInfo } from '../messages/error-info.js'
import type { TriggeredOperationResponse } from '../messages/messages.generated.js'
import { UnknownOperationError } from './dispatcher-errors.js'

/** What an operation brought about; what its kind does not have is absent. */
export type OperationOutcome = Pick<TriggeredOperationResponse, 'location' | 'checkpointId'>

interface Operation {
  response: TriggeredOperationResponse
  /** On the monotonic clock; undefined: it goes on. */
  completedAtMs: number | undefined
  /** Somebody has been told what came of it. */
  isFetched: boolean
}

/** How long the end of a job is not told, so that whoever ended it can ask what came of that. */
const FETCH_PATIENCE_MS = 5_000
/** What was asked for last is on its way. */
const FETCHED_GRACE_MS = 100

/**
 * Operations that take longer than a call, by the id that their caller chose. What has ended can be asked for during the
 * store duration; what goes on never expires. Lost with the Dispatcher, as Flink's.
 */
export class TriggeredOperations {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #storeDurationMs: number
  readonly #schedule: ScheduleAction
  readonly #operations = new Map<string, Operation>()
  /** By job: its end, which waits to be told. */
  readonly #ends = new Map<string, { cancel: CancelTimer; readonly tell: () => void }>()

  /** @param options.storeDurationMs `rest.async.store-duration` */
  constructor(options: {
    clock: Clock
    log: Logger
    storeDurationMs: number
    schedule: ScheduleAction
  }) {
    this.#schedule = options.schedule
    this.#clock = options.clock
    this.#log = options.log
    this.#storeDurationMs = options.storeDurationMs
  }

  /** Whether an operation of this id was begun: it must not begin again. */
  has(jobId: string, triggerId: string): boolean {
    this.#forgetExpired()
    return this.#operations.has(keyOf(jobId, triggerId))
  }

  /** Follows an operation that has begun. @param what for the log, such as `savepoint` */
  begin(
    what: string,
    { jobId, triggerId }: { jobId: string; triggerId: string },
    outcome: Promise<OperationOutcome>,
  ): void {
    const operation: Operation = {
      response: { status: 'IN_PROGRESS' },
      completedAtMs: undefined,
      isFetched: false,
    }
    this.#operations.set(keyOf(jobId, triggerId), operation)
    const ids = { jobId, triggerId, operation: what }
    this.#log.info('An operation was triggered', ids)
    const end = (response: TriggeredOperationResponse) => {
      operation.response = response
      operation.completedAtMs = this.#clock.monotonicNow()
    }
    outcome.then(
      ({ location, checkpointId }) => {
        this.#log.info('A triggered operation is complete', { ...ids, location, checkpointId })
        end({
          status: 'COMPLETED',
          ...(location !== undefined && { location }),
          ...(checkpointId !== undefined && { checkpointId }),
        })
      },
      (error) => {
        this.#log.warn('A triggered operation failed', { ...ids, error })
        end({ status: 'COMPLETED', failureCause: toErrorInfo(error) })
      },
    )
  }

  /** @throws UnknownOperationError (FLINK_OPERATION_NOT_FOUND) */
  get(jobId: string, triggerId: string): TriggeredOperationResponse {
    this.#forgetExpired()
    const operation = this.#operations.get(keyOf(jobId, triggerId))
    if (operation === undefined) throw new UnknownOperationError({ jobId, triggerId })
    if (operation.completedAtMs !== undefined) {
      operation.isFetched = true
      this.#mayTell(jobId)
    }
    return operation.response
  }

  /**
   * Tells of the end of a job: of one that was ended by an operation a moment later, since clusters of one job or
   * application end with it, and nobody could ask what came of the operation any more.
   */
  jobEnded(jobId: string, tell: () => void): void {
    if (!this.#isAwaited(jobId)) {
      tell()
      return
    }
    const told = () => {
      this.#ends.delete(jobId)
      tell()
    }
    this.#ends.set(jobId, { cancel: this.#schedule(FETCH_PATIENCE_MS, told), tell: told })
  }

  /** Ends that have not been told are told to nobody. */
  close(): void {
    for (const { cancel } of this.#ends.values()) cancel()
    this.#ends.clear()
  }

  #isAwaited(jobId: string): boolean {
    return [...this.#operations].some(
      ([key, { isFetched }]) => !isFetched && key.startsWith(keyOf(jobId, '')),
    )
  }

  #mayTell(jobId: string): void {
    const end = this.#ends.get(jobId)
    if (end === undefined || this.#isAwaited(jobId)) return
    end.cancel()
    end.cancel = this.#schedule(FETCHED_GRACE_MS, end.tell)
  }

  #forgetExpired(): void {
    const before = this.#clock.monotonicNow() - this.#storeDurationMs
    for (const [key, { completedAtMs }] of this.#operations) {
      if (completedAtMs !== undefined && completedAtMs <= before) this.#operations.delete(key)
    }
  }
}

function keyOf(jobId: string, triggerId: string): string {
  return `${jobId}/${triggerId}`
}
