import type { Clock, Configuration, Logger } from '@flink-ts/core'
import type { JobManagerAddresses } from '@flink-ts/runtime'
import type { RunningWorkerLauncher } from './worker-launcher.js'

export interface WorkerLauncherOptions {
  /** Of the JobManager. */
  readonly configuration: Configuration
  readonly clock: Clock
  readonly log: Logger
  /** Where the JobManager listens; asked by `start`. */
  readonly addresses: () => Promise<JobManagerAddresses>
  /** For the packed installation; goes with the process. */
  readonly folder: string
}

/**
 * What the tasks of the framework are, as the configuration says. Takes nothing of the machine before `start`.
 *
 * @throws IllegalConfigurationError for what contradicts itself, such as `docker` without an image
 */
export type WorkerLauncherFactory = (options: WorkerLauncherOptions) => RunningWorkerLauncher
