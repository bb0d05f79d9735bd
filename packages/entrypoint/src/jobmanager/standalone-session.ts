import type { DaemonContext, RunningDaemon } from '../daemon/daemon.js'
import { type ClusterEnd, EXIT_CODES, stoppedFromOutside } from './cluster-end.js'
import { startJobManager } from './job-manager.js'

/** A JobManager that runs jobs until somebody asks for the end of the cluster. */
export async function startStandaloneSession(context: DaemonContext): Promise<RunningDaemon> {
  let end: ClusterEnd | undefined
  const jobManager = await startJobManager(context, {
    onClusterShutDown: (status) => {
      end = { status, diagnostics: 'the cluster was shut down' }
      context.shutDown(`the cluster was shut down: ${status}`, EXIT_CODES[status])
    },
  })
  return {
    close: () => {
      const { status, diagnostics } = end ?? stoppedFromOutside(context.configuration)
      return jobManager.close(status, diagnostics)
    },
  }
}
