import type { Clock, Logger } from '@flink-ts/core'
import type { SchedulerCall } from '@flink-ts/mesos-client'
import { within } from './within.js'

const PAUSE_MS = 100

export interface TearDownOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Undefined: the framework is being registered. */
  readonly frameworkId: () => string | undefined
  readonly patienceMs: number
  /** Resolves when we lead; rejects if somebody else does. */
  readonly confirm: () => Promise<void>
  readonly call: (call: SchedulerCall) => Promise<void>
  /** Whether the master has said that the framework is no more. */
  readonly isGone: () => boolean
}

/**
 * Tells the master until it has taken it that the framework ends, and its tasks with it; gives up, with a warning, when it has no
 * more patience.
 *
 * @returns whether it has: otherwise tasks go on until the failover timeout
 */
export async function tearDown(options: TearDownOptions): Promise<boolean> {
  const { clock, log, frameworkId, patienceMs, confirm, call, isGone } = options
  const untilMs = clock.monotonicNow() + patienceMs
  let failure: unknown
  try {
    await within(clock, untilMs, confirm())
  } catch (error) {
    log.warn('The framework is left to the JobManager that leads', {
      frameworkId: frameworkId(),
      error,
    })
    return false
  }
  while (clock.monotonicNow() < untilMs) {
    if (isGone()) return true
    try {
      if (await within(clock, untilMs, call({ type: 'TEARDOWN' }))) return true
    } catch (error) {
      failure = error
    }
    await pause(clock, PAUSE_MS)
  }
  if (isGone()) return true
  if (frameworkId() === undefined) return false
  log.warn(
    'Mesos was not told that the framework ends: its tasks go on until its failover timeout, unless somebody tears it down',
    { frameworkId: frameworkId(), error: failure },
  )
  return false
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(delayMs, resolve))
}
