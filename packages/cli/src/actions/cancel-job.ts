import { type Clock, FlinkError } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { Terminal } from '../terminal/terminal.js'

const FIRST_POLL_MS = 10
const LAST_POLL_MS = 500
const ENDED: ReadonlySet<string> = new Set(['FINISHED', 'FAILED', 'CANCELED', 'SUSPENDED'])

/**
 * Asks for the end of a job, waits for it, and tells what is so then.
 *
 * @param patienceMs how long it waits; a job that still runs then is being cancelled
 * @returns the exit code: 1 if the job came to another end
 */
export async function cancelJob(options: {
  jobId: string
  client: Pick<RestClusterClient, 'cancelJob' | 'jobStatus'>
  clock: Clock
  patienceMs: number
  tell: Terminal['out']
}): Promise<number> {
  const { jobId, client, clock, patienceMs, tell } = options
  const until = clock.monotonicNow() + patienceMs
  await client.cancelJob(jobId)
  for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_POLL_MS)) {
    const status = await client.jobStatus(jobId).catch((error) => {
      if (FlinkError.is(error) && error.code === 'FLINK_CLUSTER_ENDED') return undefined
      if (!FlinkError.is(error) || !error.retriable) throw error
      // Without a leader for a moment, or on its way to its end.
      return error.code === 'FLINK_REST_CONNECTION' ? undefined : 'unknown'
    })
    if (status === undefined) {
      // Clusters of one job or application end with it.
      tell(`Job ${jobId} is being cancelled; its cluster does not answer any more.`)
      return 0
    }
    if (status === 'CANCELED') {
      tell(`Cancelled job ${jobId}.`)
      return 0
    }
    if (ENDED.has(status)) {
      tell(`Job ${jobId} came to its end before it was cancelled: ${status}.`)
      return 1
    }
    if (clock.monotonicNow() + pauseMs > until) {
      tell(`Job ${jobId} is being cancelled; its tasks have not all ended yet (${status}).`)
      return 0
    }
    await new Promise<void>((resolve) => clock.schedule(pauseMs, resolve))
  }
}
