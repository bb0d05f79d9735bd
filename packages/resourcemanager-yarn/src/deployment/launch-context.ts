import {
  type Configuration,
  deriveJobManagerMemory,
  nodeHeapFlags,
  YarnOptions,
} from '@flink-ts/core'
import type { ContainerLaunchContext, LocalResource } from '@flink-ts/hadoop-rpc'
import { containerCommand, environmentValue } from './container-command.js'
import type { YarnDeployment } from './yarn-deployment.js'

/** Main modules of JobManagers. */
export type JobManagerMain = 'standalone-session' | 'job-cluster' | 'standalone-application'

export interface JobManagerLaunch {
  readonly deployment: YarnDeployment
  readonly configuration: Configuration
  readonly userName: string
  readonly main: JobManagerMain
  /** Of the main module, beside what all have. */
  readonly mainArguments: readonly string[]
  /** Words of the program, behind `--`. */
  readonly programArguments: readonly string[]
  /** Those of TaskManagers and the JobManager's own. */
  readonly localResources: Readonly<Record<string, LocalResource>>
}

/** How a container becomes the JobManager. */
export function jobManagerLaunch(launch: JobManagerLaunch): ContainerLaunchContext {
  const { deployment, configuration, main, mainArguments, programArguments } = launch
  const words = [
    deployment.nodePath,
    ...nodeHeapFlags(deriveJobManagerMemory(configuration)),
    `${deployment.mainsPath}/${main}.js`,
    ...['--configDir', '.', '--container', 'yarn'],
    ...mainArguments,
    ...(programArguments.length === 0 ? [] : ['--', ...programArguments]),
  ]
  return {
    localResources: launch.localResources,
    environment: containerEnvironment(
      configuration.get(YarnOptions.MASTER_ENVIRONMENT),
      launch.userName,
      'jobmanager.log',
    ),
    // YARN shows the end of files with this name among the diagnostics of an application that failed.
    commands: [containerCommand(words, { stdout: 'jobmanager.out', stderr: 'jobmanager.stderr' })],
  }
}

/** Variables of a container, as launch contexts have them. @param given what the configuration says */
export function containerEnvironment(
  given: ReadonlyMap<string, string> | undefined,
  userName: string,
  logFile: string,
): Readonly<Record<string, string>> {
  const values = {
    // Files of the cluster are made in the name of its owner, whoever the NodeManager runs as.
    HADOOP_USER_NAME: userName,
    ...Object.fromEntries(given ?? []),
  }
  return {
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, environmentValue(value)]),
    ),
    FLINK_LOG_FILE: `<LOG_DIR>/${logFile}`,
  }
}
