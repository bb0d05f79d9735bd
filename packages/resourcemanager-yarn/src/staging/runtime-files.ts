import { posix } from 'node:path'
import { type Configuration, FLINK_TS_VERSION, FlinkError, YarnOptions } from '@flink-ts/core'
import type { LocalResource } from '@flink-ts/hadoop-rpc'
import {
  DISTRIBUTION_MODULES,
  INSTALLATION_PARTS,
  installationContent,
  isDistribution,
  type KnownDigests,
  MAINS_FOLDER,
  modulesOf,
  nodeProgramProblem,
  type packInstallation,
} from '@flink-ts/installation'
import { allOrFirstError } from './all-or-first-error.js'
import { providedLibraries } from './provided-libraries.js'
import type { StagedFiles } from './staged-files.js'
import type { StagingArea } from './staging-area.js'

/** Names in the folder of a container. */
export const NODE_LINK = 'node'
export const HOME_LINK = 'flink-ts'

/** How containers get at Node.js and the installation. Paths are as commands of containers name them. */
export interface RuntimeFiles {
  readonly nodePath: string
  readonly homePath: string
  readonly mainsPath: string
  readonly localResources: Readonly<Record<string, LocalResource>>
}

export interface RuntimeFilesOptions {
  readonly configuration: Configuration
  readonly staging: StagingArea
  readonly files: StagedFiles
  /** Of the client: what is shipped. */
  readonly flinkHome: string
  /** The program of Node.js that runs the client. */
  readonly nodeProgram: string
  readonly pack: typeof packInstallation
  readonly digests: Pick<KnownDigests, 'of'>
  readonly tell: (line: string) => void
}

/**
 * Finds Node.js and the installation on the nodes, or in `yarn.provided.lib.dirs`, or ships those of the client, once for all
 * applications.
 *
 * @throws FlinkError FLINK_YARN_CONFIGURATION or StagingError
 */
export async function runtimeFiles(options: RuntimeFilesOptions): Promise<RuntimeFiles> {
  const { configuration, files } = options
  const provided = await providedLibraries(
    configuration.get(YarnOptions.PROVIDED_LIB_DIRS) ?? [],
    files,
    options.staging,
  )
  const [node, home] = await allOrFirstError([
    locateNode(options, provided.node),
    locateHome(options, provided.installation),
  ])
  return {
    ...home,
    nodePath: node.nodePath,
    localResources: { ...node.localResources, ...home.localResources },
  }
}

async function locateNode(
  options: RuntimeFilesOptions,
  provided: LocalResource | undefined,
): Promise<Pick<RuntimeFiles, 'nodePath' | 'localResources'>> {
  const onNodes = options.configuration.get(YarnOptions.NODE_PATH)
  if (onNodes !== undefined) return { nodePath: onNodes, localResources: {} }
  const resource = provided ?? (await shipNode(options))
  return { nodePath: `./${NODE_LINK}`, localResources: { [NODE_LINK]: resource } }
}

async function locateHome(
  options: RuntimeFilesOptions,
  provided: LocalResource | undefined,
): Promise<Omit<RuntimeFiles, 'nodePath'>> {
  const { configuration, files, flinkHome } = options
  const onNodes = configuration.get(YarnOptions.HOME_PATH)
  if (onNodes !== undefined) {
    const modules = await modulesOf(files.fileSystems, onNodes)
    return { homePath: onNodes, mainsPath: posix.join(modules, MAINS_FOLDER), localResources: {} }
  }
  if (provided === undefined && !(await isDistribution(files.fileSystems, flinkHome))) {
    throw new FlinkError(
      `Cannot ship the installation ${flinkHome}: it is no assembled one. Run "npm run dist" and start from build/flink-ts, or set yarn.flink-ts.home-path to the folder of an installation on all nodes (${flinkHome}, if they have it), or yarn.provided.lib.dirs.`,
      { code: 'FLINK_YARN_CONFIGURATION' },
    )
  }
  const resource = provided ?? (await shipInstallation(options))
  return {
    homePath: `./${HOME_LINK}`,
    mainsPath: `./${HOME_LINK}/${DISTRIBUTION_MODULES}/${MAINS_FOLDER}`,
    localResources: { [HOME_LINK]: resource },
  }
}

async function shipNode(options: RuntimeFilesOptions): Promise<LocalResource> {
  const { nodeProgram, files } = options
  const { lengthBytes } = await files.on(nodeProgram).getFileStatus(nodeProgram)
  const problem = nodeProgramProblem(nodeProgram, lengthBytes)
  if (problem !== undefined) {
    throw new FlinkError(
      `Cannot ship Node.js: ${problem}; set yarn.flink-ts.node-path to that of the nodes, or use Node.js as nodejs.org distributes it`,
      { code: 'FLINK_YARN_CONFIGURATION' },
    )
  }
  const hash = await options.digests.of('Node.js', [nodeProgram], () =>
    digestOf(files, nodeProgram, Number(lengthBytes)),
  )
  return provide(options, {
    what: `Node.js (${nodeProgram})`,
    name: `node-${shortHash(hash)}`,
    suffix: '-node',
    type: 'FILE',
    content: () => files.read(nodeProgram),
  })
}

async function digestOf(files: StagedFiles, path: string, lengthBytes: number): Promise<string> {
  const content = new Uint8Array(lengthBytes)
  let position = 0
  for await (const chunk of files.read(path)) {
    content.set(chunk, position)
    position += chunk.length
  }
  // In a thread of its own: this takes a third of a second.
  const digest = await crypto.subtle.digest('SHA-256', content)
  return Buffer.from(digest).toString('hex')
}

async function shipInstallation(options: RuntimeFilesOptions): Promise<LocalResource> {
  const { files, flinkHome, pack, digests } = options
  const paths = INSTALLATION_PARTS.map((part) => posix.join(flinkHome, part))
  const { hash, parts } = await digests.of('installation', paths, () =>
    installationContent(files.fileSystems, flinkHome),
  )
  return provide(options, {
    what: `the installation (${flinkHome})`,
    name: `flink-ts-${FLINK_TS_VERSION}-${shortHash(hash)}`,
    suffix: '.tgz',
    type: 'ARCHIVE',
    content: () => pack(flinkHome, parts),
  })
}

async function provide(
  { staging, tell }: RuntimeFilesOptions,
  item: {
    readonly what: string
    readonly name: string
    readonly suffix: string
    readonly type: 'FILE' | 'ARCHIVE'
    readonly content: () => AsyncIterable<Uint8Array>
  },
): Promise<LocalResource> {
  const { what, ...content } = item
  return staging.explained(`upload ${what}`, staging.cache.folder, async () => {
    const { resource, isUploaded } = await staging.cache.provide({
      ...content,
      visibility: 'PRIVATE',
    })
    if (isUploaded) {
      const mb = (resource.size / 1e6).toFixed(0)
      tell(`Uploaded ${what}, ${mb} MB, for this and later applications.`)
    }
    return resource
  })
}

const shortHash = (hex: string) => hex.slice(0, 32)
