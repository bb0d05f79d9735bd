import {
  ClientOptions,
  type Clock,
  deserializeError,
  FlinkError,
  formatDuration,
  type SerializedError,
} from '@flink-ts/core'
import type { AsynchronousOperationBody } from '../messages/checkpoint-messages.js'
import type { SerializedThrowableBody } from '../messages/messages.js'

const FIRST_POLL_MS = 10
const LAST_POLL_MS = 1000

/** What was begun on the cluster, such as a savepoint, failed; the cause says why. */
export class TriggeredOperationError extends FlinkError {
  constructor(what: string, cause: unknown) {
    super(`${what} failed`, { code: 'FLINK_OPERATION_FAILED', cause })
  }
}

/** What was begun on the cluster is not over in time. It may go on there. */
export class OperationTimeoutError extends FlinkError {
  constructor(what: string, withinMs: number) {
    super(
      `${what} was not over after ${formatDuration(withinMs)}; it may go on, and REST tells what comes of it. Set ${ClientOptions.CLIENT_TIMEOUT.key} to wait longer, or trigger it detached`,
      { code: 'FLINK_OPERATION_TIMEOUT', retriable: true },
    )
  }
}

/** How long somebody waits for an operation. */
export interface OperationPatience {
  /** Default: until it is over, or the cluster gives it up (`execution.checkpointing.timeout`). */
  readonly withinMs?: number
}

/**
 * Asks how an operation goes until it is over; often at first, then less and less.
 *
 * @param what begins the message of its failure
 * @throws TriggeredOperationError (FLINK_OPERATION_FAILED), OperationTimeoutError (FLINK_OPERATION_TIMEOUT), and what `ask` throws
 */
export async function completedOperation<
  O extends {
    readonly 'failure-cause'?: SerializedThrowableBody
    readonly failureCause?: SerializedThrowableBody
  },
>(
  what: string,
  clock: Clock,
  ask: () => Promise<AsynchronousOperationBody<O>>,
  { withinMs = Number.POSITIVE_INFINITY }: OperationPatience = {},
): Promise<O> {
  const beginMs = clock.monotonicNow()
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_POLL_MS)) {
    const { status, operation } = await ask()
    if (status.id === 'COMPLETED' && operation !== null) {
      const failure = operation['failure-cause'] ?? operation.failureCause
      if (failure === undefined) return operation
      throw new TriggeredOperationError(what, errorOf(failure))
    }
    const leftMs = beginMs + withinMs - clock.monotonicNow()
    if (leftMs <= 0) throw new OperationTimeoutError(what, withinMs)
    await new Promise<void>((resolve) => clock.schedule(Math.min(pauseMs, leftMs), resolve))
  }
}

function errorOf(failure: SerializedThrowableBody): Error {
  const json = Buffer.from(failure['serialized-throwable'], 'base64').toString()
  try {
    return deserializeError(JSON.parse(json) as SerializedError)
  } catch {
    // Serialized by another implementation: its text is all that can be read.
    return new Error(failure['stack-trace'])
  }
}
