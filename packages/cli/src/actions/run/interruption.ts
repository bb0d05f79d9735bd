import { FlinkError } from '@flink-ts/core'
import type { ActionContext } from '../action.js'

/** What a command ends with that was interrupted. */
export const INTERRUPTED = 130

/**
 * Does what must not be left half done: the first Ctrl-C aborts it, and what it takes back is waited for; the second ends
 * the command.
 *
 * @throws FlinkError FLINK_CLI_INTERRUPTED if it was aborted, whatever came of it
 */
export async function abortable<R>(
  context: Pick<ActionContext, 'onInterrupt' | 'terminal'>,
  what: string,
  work: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const controller = new AbortController()
  const stop = context.onInterrupt(() => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    context.terminal.err(`Giving up ${what}; what has begun is taken back.`)
    controller.abort(interrupted(what))
  })
  try {
    return await work(controller.signal)
  } catch (error) {
    throw controller.signal.aborted ? interrupted(what) : error
  } finally {
    stop()
  }
}

/** Whether a command ends because its person gave up. */
export function isInterruption(error: unknown): boolean {
  return FlinkError.is(error) && error.code === 'FLINK_CLI_INTERRUPTED'
}

function interrupted(what: string): FlinkError {
  return new FlinkError(`Interrupted: ${what} was given up`, { code: 'FLINK_CLI_INTERRUPTED' })
}
