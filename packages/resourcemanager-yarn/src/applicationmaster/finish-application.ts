import type { Clock, Logger } from '@flink-ts/core'
import type {
  ApplicationMasterProtocol,
  FinishApplicationMasterRequest,
  RegisterApplicationMasterRequest,
} from '@flink-ts/hadoop-rpc'
import { MAX_TIMES_GONE, refusalOf } from './refusal.js'

/** Well within the time that a process is given to shut down. */
const PATIENCE_MS = 20_000
const PAUSE_MS = 100

export interface FinishApplicationOptions {
  readonly protocol: ApplicationMasterProtocol
  readonly clock: Clock
  readonly log: Logger
  readonly request: FinishApplicationMasterRequest
  /** A ResourceManager that was started again takes no end from whom it does not know. */
  readonly register: () => Promise<RegisterApplicationMasterRequest>
}

/**
 * Tells YARN how the application ended until it has noted that; gives up, with a warning, after 20 seconds.
 *
 * @returns whether YARN has noted it: otherwise it may start another attempt
 */
export async function finishApplication(options: FinishApplicationOptions): Promise<boolean> {
  const { protocol, clock, log, request, register } = options
  const untilMs = clock.monotonicNow() + PATIENCE_MS
  let failure: unknown
  let timesGone = 0
  while (clock.monotonicNow() < untilMs) {
    const timeoutMs = untilMs - clock.monotonicNow()
    try {
      const { isUnregistered } = await protocol.finishApplicationMaster(request, { timeoutMs })
      if (isUnregistered) return true
      timesGone = 0
    } catch (error) {
      failure = error
      const refusal = refusalOf(error)
      if (refusal === 'ATTEMPT_GONE' && ++timesGone >= MAX_TIMES_GONE) break
      if (refusal === 'NOT_REGISTERED') {
        await protocol
          .registerApplicationMaster(await register(), { timeoutMs })
          .catch((cause) => log.info('YARN does not register the ApplicationMaster', { cause }))
      }
    }
    await new Promise<void>((resolve) => void clock.schedule(PAUSE_MS, resolve))
  }
  log.warn('YARN was not told how the application ended', { ...request, error: failure })
  return false
}
