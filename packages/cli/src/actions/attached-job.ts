import type { Clock } from '@flink-ts/core'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { Terminal } from '../terminal/terminal.js'

const PROGRESS_EVERY_MS = 500
const UNITS = ['', 'k', 'M', 'G', 'T'] as const

/** Such as `12.3M`. */
function short(n: number): string {
  let value = n
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return unit === 0 ? String(n) : `${value.toFixed(1)}${UNITS[unit]}`
}

/**
 * Shows how far a job is on one line of the terminal while its result is awaited; where there is no terminal, only
 * what the job waits for, when that changes.
 *
 * @returns a function that ends it
 */
export function showProgress(options: {
  jobId: string
  client: RestClusterClient
  terminal: Terminal
  clock: Clock
}): () => void {
  const { jobId, client, terminal, clock } = options
  let stopped = false
  let waitedFor: string | undefined
  let cancel = () => {}
  const show = async () => {
    const job = await client.jobDetails(jobId)
    if (stopped) return
    const waitsFor = job['waiting-for']
    if (!terminal.interactive) {
      if (waitsFor !== undefined && waitsFor !== waitedFor) {
        terminal.err(`Job ${jobId} is ${waitsFor}.`)
      }
      waitedFor = waitsFor
      return
    }
    const vertices = job.vertices.map(({ name, tasks, parallelism, metrics }) => {
      const done = tasks['FINISHED'] ?? 0
      const records = Math.max(metrics['read-records'], metrics['write-records'])
      const label = name.length > 24 ? `${name.slice(0, 23)}…` : name
      return `${label} ${short(records)}${done > 0 ? ` (${done}/${parallelism} finished)` : ''}`
    })
    const waiting = waitsFor === undefined ? '' : ` ${waitsFor}`
    terminal.progress(`${job.state}${waiting} | ${vertices.join(' → ')} records`)
  }
  const next = () => {
    if (stopped) return
    cancel = clock.schedule(PROGRESS_EVERY_MS, () => {
      // What cannot be shown now is shown next time; the job's end is told by its result.
      show().then(next, next)
    })
  }
  next()
  return () => {
    stopped = true
    cancel()
    terminal.progress('')
  }
}

/** Tells the cluster again and again that this client lives, so that it cancels the job if it does not. */
export function sendHeartbeats(options: {
  jobId: string
  client: RestClusterClient
  clock: Clock
  terminal: Terminal
  intervalMs: number
  timeoutMs: number
}): () => void {
  const { jobId, client, clock, terminal, intervalMs, timeoutMs } = options
  let stopped = false
  let cancel = () => {}
  let warned = false
  const send = async () => {
    try {
      await client.reportHeartbeat(jobId, clock.now() + timeoutMs)
      warned = false
    } catch (error) {
      if (!warned && !stopped)
        terminal.err(`Heartbeat to the cluster failed: ${(error as Error).message}`)
      warned = true
    }
    if (!stopped) cancel = clock.schedule(intervalMs, () => void send())
  }
  void send()
  return () => {
    stopped = true
    cancel()
  }
}
