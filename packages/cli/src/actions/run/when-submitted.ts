import { type Clock, FlinkError } from '@flink-ts/core'
import { RestClientError, type RestClusterClient } from '@flink-ts/rest/client'

const FIRST_POLL_MS = 5
const LAST_POLL_MS = 200

/**
 * Waits until the JobManager of a cluster of one job knows its job: it answers clients before it has submitted it. Where the
 * submission fails the cluster ends, which the client's error says then.
 *
 * @throws FlinkError FLINK_JOB_NOT_FOUND when it does not know the job after `patienceMs`; what the client throws; the reason of `signal`
 */
export async function whenSubmitted(options: {
  readonly jobId: string
  readonly client: Pick<RestClusterClient, 'jobStatus'>
  readonly clock: Clock
  readonly patienceMs: number
  readonly signal: AbortSignal
}): Promise<void> {
  const { jobId, client, clock, patienceMs, signal } = options
  const until = clock.monotonicNow() + patienceMs
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_POLL_MS)) {
    signal.throwIfAborted()
    try {
      await client.jobStatus(jobId)
      return
    } catch (error) {
      if (!(error instanceof RestClientError) || error.statusCode !== 404) throw error
      if (clock.monotonicNow() >= until) throw neverSubmitted(jobId, patienceMs, error)
    }
    await new Promise<void>((resolve) => clock.schedule(pauseMs, resolve))
  }
}

function neverSubmitted(jobId: string, patienceMs: number, cause: unknown): FlinkError {
  return new FlinkError(
    `The JobManager of the cluster that was deployed for job ${jobId} has not submitted it within ${patienceMs} ms (client.timeout); its log says what it waits for`,
    { code: 'FLINK_JOB_NOT_FOUND', cause },
  )
}
