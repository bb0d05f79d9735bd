import {
  AdaptiveSchedulerOptions,
  type Configuration,
  IllegalConfigurationError,
} from '@flink-ts/core'
import type { DaemonContext, RunningDaemon } from '../daemon/daemon.js'
import { type ClusterEnd, EXIT_CODES, stoppedFromOutside } from './cluster-end.js'
import { startJobManager } from './job-manager.js'

/**
 * A JobManager that runs jobs until somebody asks for the end of the cluster.
 *
 * @throws IllegalConfigurationError in reactive mode, whose one job would take every slot from the others
 */
export async function startStandaloneSession(context: DaemonContext): Promise<RunningDaemon> {
  refuseReactiveMode(context.configuration)
  let end: ClusterEnd | undefined
  const jobManager = await startJobManager(context, {
    onClusterShutDown: (status) => {
      end = { status, diagnostics: 'the cluster was shut down' }
      context.shutDown(`the cluster was shut down: ${status}`, EXIT_CODES[status])
    },
  })
  context.tell?.(`Submit jobs: flink run -m ${jobManager.restAddress} <program.ts>`)
  return {
    close: () => {
      const { status, diagnostics } = end ?? stoppedFromOutside(context.configuration)
      return jobManager.close(status, diagnostics)
    },
  }
}

function refuseReactiveMode(configuration: Configuration): void {
  const { SCHEDULER_MODE } = AdaptiveSchedulerOptions
  if (configuration.get(SCHEDULER_MODE) === undefined) return
  throw new IllegalConfigurationError(
    `${SCHEDULER_MODE.key} is for standalone application clusters (bin/standalone-job.sh) only; a session ` +
      'cluster runs jobs between bounds with jobmanager.scheduler: Adaptive',
    { key: SCHEDULER_MODE.key },
  )
}
