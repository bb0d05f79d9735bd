import { env, execPath } from 'node:process'
import {
  type Clock,
  type Configuration,
  createFileSystems,
  type Logger,
  type Random,
} from '@flink-ts/core'
import type { JobManagerAddresses } from '@flink-ts/runtime'
import { processUser } from '../process-user.js'
import { checkTaskSettings } from './check-task-settings.js'
import { MesosWorkerLauncher } from './mesos-worker-launcher.js'
import type { RunningWorkerLauncher } from './worker-launcher.js'

export interface WorkerLauncherOptions {
  /** Of the JobManager. */
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
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
 * @throws FlinkError FLINK_MESOS_CONFIGURATION if agents are to fetch what cannot be handed to them
 */
export async function createWorkerLauncher(
  options: WorkerLauncherOptions,
): Promise<RunningWorkerLauncher> {
  const { configuration, clock, random, log } = options
  checkTaskSettings(configuration, log)
  const launcher = new MesosWorkerLauncher(options, {
    files: createFileSystems({ configuration, clock, random }),
    flinkHome: env['FLINK_HOME'],
    nodeProgram: execPath,
    userName: env['HADOOP_USER_NAME'] || processUser(),
  })
  // Sooner than a framework registers that could launch nothing.
  await launcher.check()
  return launcher
}
