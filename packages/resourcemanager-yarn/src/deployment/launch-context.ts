import { type Configuration, deriveJobManagerMemory, YarnOptions } from '@flink-ts/core'
import type { ContainerLaunchContext, LocalResource } from '@flink-ts/hadoop-rpc'
import { containerCommand, environmentValue } from './container-command.js'
import type { YarnDeployment } from './yarn-deployment.js'

const MB = 1024 * 1024

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
    ...nodeFlags(configuration),
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

/** As the scripts give them to a JobManager: a small young generation saves memory, and it computes little. */
function nodeFlags(configuration: Configuration): string[] {
  const { heap } = deriveJobManagerMemory(configuration)
  return [`--max-old-space-size=${Math.max(64, Math.floor(heap / MB))}`, '--max-semi-space-size=2']
}
