import type { Clock, Logger } from '@flink-ts/core'
import type { WorkerStore } from '../tasks/worker-store.js'
import type { FrameworkConnection } from './framework-connection.js'
import type { FrameworkIdentity } from './framework-identity.js'
import { tearDown } from './tear-down.js'
import { within } from './within.js'

/**
 * How long the end of a cluster waits, at most: well within what a process is given to shut down (`cluster.services.shutdown-timeout`), in
 * which REST and what keeps leaders have waits of their own.
 */
const PATIENCE = {
  /** 25 seconds in all. */
  known: {
    /** For a master that takes the end of the framework. */
    masterMs: 20_000,
    /** Then for what is kept to be removed, while the connection is closed. */
    restMs: 5_000,
  },
  /** 3 seconds in all: a subscription was begun, and the master may know the framework; without one in time there is nothing to end. */
  unknown: { masterMs: 2_000, restMs: 1_000 },
} as const

export interface FrameworkEndOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly store: WorkerStore
  readonly identity: FrameworkIdentity
  readonly connection: FrameworkConnection
  /** The master may have heard of it in this term. */
  readonly hasBegun: boolean
  /** Whether the master has said that the framework is no more. */
  readonly isGone: () => boolean
  /** Begins to close the connection. */
  readonly closeConnection: () => void
}

/** The framework ends with all its tasks, and what is kept of them is removed, within {@link PATIENCE}. */
export async function endFramework(options: FrameworkEndOptions): Promise<void> {
  const { clock, log, store, identity, connection, isGone, closeConnection } = options
  const wasKnown = identity.frameworkId !== undefined
  const { masterMs, restMs } = PATIENCE[wasKnown ? 'known' : 'unknown']
  // What could not begin has no connection on which it could say anything, nor ever will have.
  const mayBeThere = options.hasBegun && (wasKnown || connection.isOpen)
  const isEnded =
    mayBeThere &&
    (await tearDown({
      clock,
      log,
      patienceMs: masterMs,
      // What a former leader wants to end goes on under the next one.
      confirm: () => identity.confirm(),
      call: (call) => connection.call(call),
      isGone,
      frameworkId: () => identity.frameworkId,
    }))
  const untilMs = clock.monotonicNow() + restMs
  closeConnection()
  const { frameworkId, isRecalled } = identity
  // What was not recalled is of an earlier cluster, or of somebody else.
  if (!isEnded && (frameworkId !== undefined || !isRecalled)) return
  log.info('The framework has ended', { frameworkId })
  const cleared = store.clear().then(() => identity.forget())
  const isCleared = await within(clock, untilMs, cleared).catch((error) => {
    log.warn('What is kept of the framework could not be removed', { frameworkId, error })
    return true
  })
  if (!isCleared) log.warn('What is kept of the framework was not removed in time')
}
