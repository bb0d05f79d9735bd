import type { Logger } from '@flink-ts/core'
import { type Configuration, type FileSystems, FlinkError, MesosOptions } from '@flink-ts/core'
import { installationContent, isDistribution, nodeProgramProblem } from '@flink-ts/installation'
import type { LocalArtifact } from '../artifacts/artifact.js'
import { InstallationArchive } from '../artifacts/installation-archive.js'
import { nodeArtifact } from '../artifacts/node-artifact.js'
import { HOME_FOLDER } from './agent-runtime.js'

const PARTS = ['bin', 'lib', 'LICENSE']

export interface LocalInstallationOptions {
  readonly configuration: Configuration
  readonly files: FileSystems
  /** Folder of the installation of the JobManager, if it knows. */
  readonly flinkHome: string | undefined
  /** The program of Node.js that runs the JobManager. */
  readonly nodeProgram: string
  /** For the archive. */
  readonly folder: string
  readonly log: Logger
}

/** What agents fetch, of that which they do not have. */
export interface LocalInstallation {
  readonly home?: LocalArtifact
  readonly node?: LocalArtifact
}

/**
 * Whether what agents fetch is there; quick.
 *
 * @throws FlinkError FLINK_MESOS_CONFIGURATION with what to do
 */
export async function checkLocalInstallation(options: LocalInstallationOptions): Promise<void> {
  const { configuration, files, nodeProgram } = options
  if (!configuration.contains(MesosOptions.HOME_PATH)) await checkHome(options)
  if (configuration.contains(MesosOptions.NODE_PATH)) return
  const { lengthBytes } = await files.forPath(nodeProgram).getFileStatus(nodeProgram)
  const problem = nodeProgramProblem(nodeProgram, lengthBytes)
  if (problem === undefined) return
  throw refused(
    `Cannot hand Node.js to agents: ${problem}; set ${MesosOptions.NODE_PATH.key} to that of the agents, or use Node.js as nodejs.org distributes it`,
  )
}

async function checkHome({ files, flinkHome }: LocalInstallationOptions): Promise<void> {
  const { key } = MesosOptions.HOME_PATH
  if (flinkHome === undefined) {
    throw refused(
      `Cannot hand the installation to agents: FLINK_HOME is not set; start the JobManager with bin/mesos-appmaster.sh, or set ${key} to the folder of an installation on all agents`,
    )
  }
  if (await isDistribution(files, flinkHome)) return
  throw refused(
    `Cannot hand the installation ${flinkHome} to agents: it is no assembled one. Run "npm run dist" and start from build/flink-ts, or set ${key} to the folder of an installation on all agents (${flinkHome}, if they have it)`,
  )
}

/**
 * Reads what agents fetch, to name it by its content.
 *
 * @throws FlinkError FLINK_MESOS_CONFIGURATION if it cannot be handed out
 */
export async function localInstallation(
  options: LocalInstallationOptions,
): Promise<LocalInstallation> {
  await checkLocalInstallation(options)
  const { configuration, nodeProgram } = options
  const [home, node] = await Promise.all([
    configuration.contains(MesosOptions.HOME_PATH) ? undefined : homeArtifact(options),
    configuration.contains(MesosOptions.NODE_PATH) ? undefined : nodeArtifact(nodeProgram),
  ])
  return { ...(home === undefined ? {} : { home }), ...(node === undefined ? {} : { node }) }
}

async function homeArtifact(options: LocalInstallationOptions): Promise<LocalArtifact> {
  const { files, folder, log } = options
  const home = options.flinkHome!
  const content = await installationContent(files, home, PARTS)
  return new InstallationArchive({ home, content, topFolder: HOME_FOLDER, folder, log })
}

function refused(message: string): FlinkError {
  return new FlinkError(message, { code: 'FLINK_MESOS_CONFIGURATION' })
}
