import {
  type FileStatus,
  type FileSystem,
  type FileSystems,
  HighAvailabilityOptions,
  IllegalConfigurationError,
  type Random,
} from '@flink-ts/core'
import { encodeNodeName } from './cluster-paths.js'

/** What {@link checkWritable} calls a file. */
const PROBE = /^probe-[0-9a-f]+$/
/** Nobody needs a probe that long. */
const OLD_PROBE_MS = 600_000

interface FolderFile extends FileStatus {
  readonly name: string
}

/** Where one cluster keeps files. */
export interface ClusterFolder {
  readonly fileSystem: FileSystem
  readonly path: string
  readonly entries: string
  /** Programs. */
  readonly blob: string
}

/** @param directory `high-availability.storageDir` */
export function clusterFolder(
  fileSystem: FileSystem,
  directory: string,
  clusterId: string,
): ClusterFolder {
  const name = encodeNodeName(clusterId)
  // URIs of local files are decoded when they are used.
  const written = /^file:/i.test(directory) ? encodeURIComponent(name) : name
  const path = `${directory.replace(/\/+$/, '')}/${written}`
  return { fileSystem, path, entries: `${path}/entries`, blob: `${path}/blob` }
}

/** @throws IllegalConfigurationError naming `high-availability.storageDir` if there is none for it */
export function storageFileSystem(fileSystems: FileSystems, directory: string): FileSystem {
  try {
    return fileSystems.forPath(directory)
  } catch (cause) {
    throw illegalStorage(directory, (cause as Error).message, cause)
  }
}

/** Writes and removes a file, and removes those of processes that died meanwhile. @throws IllegalConfigurationError naming `high-availability.storageDir` */
export async function checkWritable(
  { fileSystem, path }: ClusterFolder,
  directory: string,
  random: Random,
): Promise<void> {
  const probe = `${path}/probe-${random.hex(8)}`
  try {
    await fileSystem.mkdirs(path)
    const stream = await fileSystem.create(probe, 'exclusive')
    await stream.close()
    const probes = (await filesIn(fileSystem, path)).filter(({ name }) => PROBE.test(name))
    const own = probes.find(({ name }) => probe.endsWith(`/${name}`))
    for (const { path: other, modificationTimeMs } of probes) {
      const isOld = own !== undefined && own.modificationTimeMs - modificationTimeMs > OLD_PROBE_MS
      if (isOld) await fileSystem.delete(other, { recursive: false })
    }
    await fileSystem.delete(probe, { recursive: false })
  } catch (cause) {
    const why = `files cannot be written there: ${(cause as Error).message}`
    throw illegalStorage(directory, why, cause)
  }
}

function illegalStorage(directory: string, why: string, cause: unknown): Error {
  const { key } = HighAvailabilityOptions.HA_STORAGE_PATH
  return new IllegalConfigurationError(
    `Cannot use the value '${directory}' of configuration key '${key}': ${why}; expected a folder that all JobManagers reach`,
    { key, cause },
  )
}

/**
 * Removes files that terms up to that of `epoch` have written, and the folders as far as they are empty then. What a later leader
 * has written meanwhile stays, as does what others have put there.
 */
export async function removeFilesUpTo(folder: ClusterFolder, epoch: number): Promise<void> {
  const { fileSystem, path, entries, blob } = folder
  for (const each of [entries, blob]) {
    for (const file of await filesIn(fileSystem, each)) {
      const writer = /^(\d+)-/.exec(file.name)?.[1]
      if (writer === undefined || Number(writer) > epoch) continue
      await fileSystem.delete(file.path, { recursive: false })
    }
  }
  for (const file of await filesIn(fileSystem, path)) {
    if (PROBE.test(file.name)) await fileSystem.delete(file.path, { recursive: false })
  }
  await removeEmptyFolders(folder)
}

/** Removes the folders of a cluster as far as they are empty. */
export async function removeEmptyFolders(folder: ClusterFolder): Promise<void> {
  const { fileSystem, path, entries, blob } = folder
  for (const each of [entries, blob, path]) {
    if (!(await fileSystem.exists(each)) || (await fileSystem.list(each)).length > 0) continue
    try {
      await fileSystem.delete(each, { recursive: false })
    } catch (error) {
      // Somebody may have put something there since the look.
      if ((await filesIn(fileSystem, each)).length === 0) throw error
    }
  }
}

async function filesIn(fileSystem: FileSystem, path: string): Promise<FolderFile[]> {
  if (!(await fileSystem.exists(path))) return []
  return (await fileSystem.list(path)).map((file) => ({
    ...file,
    name: file.path.slice(file.path.lastIndexOf('/') + 1),
  }))
}
