import { type Clock, FlinkError } from '@flink-ts/core'
import type { ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import type { Terminal } from '../terminal/terminal.js'

/** As Flink's client. */
const POLL_MS = 3000

/**
 * Asks for reports of a cluster until it has ended; a cluster manager that is away for a while is told of.
 *
 * @returns a function that stops it: unlike `whenEnded()` it can be given up
 */
export function watchCluster(options: {
  readonly handle: ClusterHandle
  readonly clock: Clock
  readonly terminal: Terminal
  readonly onEnded: (report: ClusterReport) => void
  readonly onError: (error: unknown) => void
}): () => void {
  const { handle, clock, terminal, onEnded, onError } = options
  let isAway = false
  let over = false
  let cancel = () => {}
  const poll = async () => {
    try {
      const report = await handle.report()
      isAway = false
      if (report.state === 'ENDED') return onEnded(report)
    } catch (error) {
      if (!FlinkError.is(error) || !error.retriable) return onError(error)
      if (!isAway) terminal.err(`Cannot ask how ${handle.clusterId} is: ${error.message}`)
      isAway = true
    }
    if (!over) cancel = clock.schedule(POLL_MS, () => void poll())
  }
  void poll()
  return () => {
    over = true
    cancel()
  }
}
