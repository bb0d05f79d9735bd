import { HighAvailabilityOptions } from '@flink-ts/core'
import type { DaemonContext } from '../daemon/daemon.js'

/**
 * For clusters that end with their jobs, whose ids stay the same: a JobManager that crashes between the end of its job and its own
 * would leave nothing that tells the next one that there is nothing to do, which would run the job again. The results go with
 * everything else when the cluster ends in order.
 */
export function keepJobResults(context: DaemonContext): DaemonContext {
  const configuration = context.configuration.clone()
  configuration.set(HighAvailabilityOptions.JOB_RESULT_DELETE_ON_COMMIT, false)
  return { ...context, configuration }
}
