import { join } from 'node:path'
import {
  type Configuration,
  checkConfiguration,
  deriveJobManagerMemory,
  deriveTaskManagerMemory,
  EnvOptions,
  HighAvailabilityOptions,
  IllegalConfigurationError,
  MesosOptions,
  ResourceManagerOptions,
} from '@flink-ts/core'
import { clusterSecretPath } from '@flink-ts/core/security/secrets'
import { nodeFlags } from '@flink-ts/entrypoint'
import type { ActionContext } from '../actions/action.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { DYNAMIC_PROPERTY } from '../arguments/options.js'
import { LOG_FOLDER, makeDaemonFolder } from '../daemon/daemon-folder.js'
import { daemonSettings } from '../daemon/daemon-settings.js'
import { rotate } from '../daemon/log-files.js'
import { configurationFolder, flinkHome } from '../flink-home.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { AppMasterKind } from './appmaster-options.js'
import { JOB_GRAPH_KEY, type PreparedJob, prepareJob } from './prepare-job.js'

/** The process that a script becomes. */
export interface AppMasterLaunch {
  /** Where it logs. */
  readonly logFile: string
  /** Behind the name of Node.js. */
  readonly words: readonly string[]
  /** Takes back what lies ready for it: it is not started. */
  remove(): void
}

const MAINS: Readonly<Record<AppMasterKind, string>> = {
  session: 'standalone-session.js',
  job: 'job-cluster.js',
}

/**
 * Prepares the JobManager of a cluster on Mesos; of a job cluster runs the program for that, whose first job it takes.
 *
 * @throws CliArgumentError, IllegalConfigurationError; what the program throws
 */
export async function prepareAppMaster(
  kind: AppMasterKind,
  args: ParsedArguments,
  context: ActionContext,
): Promise<AppMasterLaunch> {
  const { configuration, environment, terminal } = context
  const configDir = configurationFolder(environment)
  const [unknown] = args.positional
  if (kind === 'session' && unknown !== undefined) {
    throw new CliArgumentError(`Unknown argument "${unknown}".`)
  }
  refuseUnusable(configuration, configDir)
  const flags = nodeFlags(deriveJobManagerMemory(configuration))
  const secretFile = clusterSecretPath(configuration, configDir)
  const sandbox = environment['MESOS_SANDBOX']
  if (sandbox !== undefined && secretFile.startsWith(`${sandbox}/`)) {
    terminal.err(
      `Warning: the secret of the cluster, ${secretFile}, is in the sandbox of this task, which Mesos may show to everybody: ` +
        'let security.cluster.secret-file name a file elsewhere (docs/mesos.md)',
    )
  }
  const { logDir, identString, hostName, mainsDir, logFilesMax } = daemonSettings({
    flinkHome: flinkHome(environment),
    configDir,
    configuration,
    environment,
  })
  const isOwnFolder = configuration.contains(EnvOptions.LOG_DIR) || environment['FLINK_LOG_DIR']
  const folder = sandbox !== undefined && !isOwnFolder ? sandbox : logDir
  makeDaemonFolder(folder, LOG_FOLDER)
  const logFile = join(folder, `flink-${identString}-mesos-appmaster-${hostName}.log`)
  rotate(logFile, logFilesMax)
  const job: PreparedJob =
    kind === 'job' ? await prepareJob(args, context) : { words: [], remove: () => {} }
  return {
    logFile,
    words: [
      ...flags,
      join(mainsDir, MAINS[kind]),
      ...['--configDir', configDir, '--container', 'mesos'],
      // A supervisor keeps what stands on the console; a person has the file.
      ...['--console', sandbox === undefined ? 'notes' : 'log'],
      ...properties(args, configuration).flatMap((property) => ['-D', property]),
      ...job.words,
    ],
    remove: job.remove,
  }
}

function properties(args: ParsedArguments, configuration: Configuration): string[] {
  const given = args
    .values(DYNAMIC_PROPERTY)
    .filter((word) => !word.startsWith(`${JOB_GRAPH_KEY}=`))
  const clusterId = configuration.getOptional(HighAvailabilityOptions.HA_CLUSTER_ID)
  return [
    ...given,
    ...(clusterId === undefined
      ? []
      : [`${HighAvailabilityOptions.HA_CLUSTER_ID.key}=${clusterId}`]),
    `${ResourceManagerOptions.DRIVER.key}=mesos`,
  ]
}

/** What the JobManager would refuse is refused before a program runs. */
function refuseUnusable(configuration: Configuration, configDir: string): void {
  const { key } = MesosOptions.MASTER_URL
  if (!configuration.getString(key)?.trim()) {
    throw new IllegalConfigurationError(
      `Which Mesos is meant? Set '${key}' in the configuration in ${configDir}, or say -D${key}=host:port, or -D${key}=zk://host:port/mesos`,
      { key },
    )
  }
  const [first] = checkConfiguration(configuration).filter(({ severity }) => severity === 'error')
  if (first !== undefined) throw new IllegalConfigurationError(first.message, { key: first.key })
  refuseUnusableMemory(configuration)
}

/** Of both kinds of process in one go: the JobManager would hear of TaskManagers when it is up. */
function refuseUnusableMemory(configuration: Configuration): void {
  const errors = [deriveJobManagerMemory, deriveTaskManagerMemory].flatMap((derive) => {
    try {
      derive(configuration)
      return []
    } catch (error) {
      if (!(error instanceof IllegalConfigurationError)) throw error
      return [error]
    }
  })
  const [first, second] = errors
  if (first === undefined) return
  if (second === undefined) throw first
  throw new IllegalConfigurationError(`${first.message}. ${second.message}`, {
    key: first.key,
    cause: second,
  })
}
