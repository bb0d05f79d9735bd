import { FileNotFoundError, type FileStatus, FLINK_TS_VERSION, FlinkError } from '@flink-ts/core'
import type { LocalResource } from '@flink-ts/hadoop-rpc'
import type { StagedFiles } from './staged-files.js'
import type { StagingArea } from './staging-area.js'

const NODE = 'node'
const INSTALLATION = /^flink-ts-.*\.(?:tgz|tar\.gz)$/

/** What is in `yarn.provided.lib.dirs`. */
export interface ProvidedLibraries {
  readonly installation?: LocalResource
  readonly node?: LocalResource
}

/**
 * Looks for a packed installation of this version and for Node.js; the first folder that has one counts.
 *
 * @throws FlinkError FLINK_YARN_CONFIGURATION if there are folders and nothing usable in them
 */
export async function providedLibraries(
  folders: readonly string[],
  files: StagedFiles,
  staging: StagingArea,
): Promise<ProvidedLibraries> {
  if (folders.length === 0) return {}
  const found: FileStatus[] = []
  for (const folder of folders) {
    const look = () => listed(files, folder)
    found.push(...(await staging.explained('use yarn.provided.lib.dirs', folder, look)))
  }
  const archives = found.filter(({ path }) => INSTALLATION.test(nameOf(path)))
  const wanted = new RegExp(`^flink-ts-${FLINK_TS_VERSION.replaceAll('.', '\\.')}\\.`)
  const installation = archives.find(({ path }) => wanted.test(nameOf(path)))
  const node = found.find(({ path, isDirectory }) => !isDirectory && nameOf(path) === NODE)
  if (installation === undefined && (node === undefined || archives.length > 0)) {
    const others = archives.map(({ path }) => nameOf(path)).join(', ')
    throw refused(
      `${folders.join(' and ')} (yarn.provided.lib.dirs) must have flink-ts-${FLINK_TS_VERSION}.tgz, the packed content of an installation of this version; there is ${others || 'no installation'}`,
    )
  }
  return {
    ...(installation === undefined
      ? {}
      : { installation: publicResource(installation, 'ARCHIVE') }),
    ...(node === undefined ? {} : { node: publicResource(node, 'FILE') }),
  }
}

async function listed(files: StagedFiles, folder: string): Promise<readonly FileStatus[]> {
  try {
    return await files.on(folder).list(folder)
  } catch (error) {
    if (!(error instanceof FileNotFoundError)) throw error
    throw refused(`there is no folder ${folder} (yarn.provided.lib.dirs)`)
  }
}

function publicResource(
  { path, mode, lengthBytes, modificationTimeMs }: FileStatus,
  type: 'FILE' | 'ARCHIVE',
): LocalResource {
  if ((mode & 0o004) === 0) {
    throw refused(
      `${path} (yarn.provided.lib.dirs) can be read by its owner only, and nodes keep it for everybody: run "hdfs dfs -chmod o+r" on it, and "o+x" on the folders above`,
    )
  }
  return {
    url: path,
    type,
    visibility: 'PUBLIC',
    size: Number(lengthBytes),
    timestamp: modificationTimeMs,
  }
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1)

function refused(why: string): FlinkError {
  return new FlinkError(`Cannot use provided libraries: ${why}`, {
    code: 'FLINK_YARN_CONFIGURATION',
  })
}
