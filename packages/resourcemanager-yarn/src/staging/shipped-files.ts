import { posix } from 'node:path'
import {
  FileNotFoundError,
  type FileStatus,
  FlinkError,
  resolveUserPath,
  schemeOf,
} from '@flink-ts/core'
import type { LocalResource } from '@flink-ts/hadoop-rpc'
import { allOrFirstError } from './all-or-first-error.js'
import type { StagedFiles } from './staged-files.js'
import { STAGING_SCHEMES, type StagingArea } from './staging-area.js'

const ARCHIVE = /\.(?:tar\.gz|tgz|tar|zip|jar)$/i
const CONCURRENT = 4
/** Nodes make the links to files by a script of a shell, where these mean something else. */
const UNUSABLE = /["$`\\\p{Cc}]/u

export interface ShippedFilesOptions {
  readonly shipFiles: readonly string[]
  readonly shipArchives: readonly string[]
  /** Of the person: relative paths are relative to it. */
  readonly workingDirectory: string
  readonly files: StagedFiles
  readonly staging: StagingArea
  /** URL of the folder of the application. */
  readonly folder: string
  /** Names in containers that are taken. */
  readonly reservedNames: ReadonlySet<string>
}

interface Shipped {
  /** In the folder of a container. */
  readonly name: string
  readonly status: FileStatus
  readonly type: 'FILE' | 'ARCHIVE'
  readonly isRemote: boolean
}

/**
 * Uploads `yarn.ship-files` and `yarn.ship-archives`; what is in a file system of the cluster already is used where it is.
 *
 * @returns local resources by their names in containers
 * @throws FlinkError FLINK_YARN_CONFIGURATION or StagingError
 */
export async function shippedFiles(
  options: ShippedFilesOptions,
): Promise<Readonly<Record<string, LocalResource>>> {
  const { shipFiles, shipArchives, staging, folder, files } = options
  const all: Shipped[] = []
  for (const path of shipFiles) all.push(...(await below(options, path)))
  for (const path of shipArchives) all.push(await archiveAt(options, path))
  refuseClashes(all, options.reservedNames)
  const resources: Record<string, LocalResource> = {}
  const waiting = [...all.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, { name, status, type, isRemote }] = next
      // The number keeps files of the same name apart; the end of its name stays, for archives are unpacked by it.
      const url = `${folder}/ship/${index}/${stagedName(name)}`
      const kind = { type, visibility: 'APPLICATION' } as const
      try {
        resources[name] = isRemote
          ? await files.resource(status.path, kind)
          : await staging.upload(url, files.read(status.path), kind)
      } catch (error) {
        waiting.length = 0
        throw error
      }
    }
  }
  await allOrFirstError(Array.from({ length: CONCURRENT }, work))
  return resources
}

async function below(options: ShippedFilesOptions, given: string): Promise<Shipped[]> {
  const status = await statusOf(options, given, 'yarn.ship-files')
  const isRemote = isRemotePath(given)
  const collect = async (found: FileStatus, name: string): Promise<Shipped[]> => {
    if (!found.isDirectory) return [{ name, status: found, type: 'FILE', isRemote }]
    const children = await options.files.on(found.path).list(found.path)
    const each = children.map((child) => collect(child, `${name}/${posix.basename(child.path)}`))
    return (await Promise.all(each)).flat()
  }
  return collect(status, nameIn(status.path))
}

async function archiveAt(options: ShippedFilesOptions, given: string): Promise<Shipped> {
  const status = await statusOf(options, given, 'yarn.ship-archives')
  if (status.isDirectory || !ARCHIVE.test(status.path)) {
    throw refused(
      `${given} (yarn.ship-archives) is no archive: expected a file .tar.gz, .tgz, .tar, .zip or .jar`,
    )
  }
  return { name: nameIn(status.path), status, type: 'ARCHIVE', isRemote: isRemotePath(given) }
}

async function statusOf(
  { files, workingDirectory, staging }: ShippedFilesOptions,
  given: string,
  key: string,
): Promise<FileStatus> {
  const path = resolveUserPath(given, workingDirectory)
  if (isRemotePath(given) && !STAGING_SCHEMES.includes(schemeOf(given)!)) {
    throw refused(
      `${given} (${key}) is in a file system from which YARN gets no files: expected a path of this machine, or ${STAGING_SCHEMES.join('://…, ')}://…`,
    )
  }
  return staging.explained('ship', path, async () => {
    try {
      return await files.on(path).getFileStatus(path)
    } catch (error) {
      if (!(error instanceof FileNotFoundError)) throw error
      throw refused(`there is no file or folder ${path} (${key})`)
    }
  })
}

function refuseClashes(all: readonly Shipped[], reserved: ReadonlySet<string>): void {
  const names = new Set<string>()
  for (const { name, status } of all) {
    const top = name.split('/')[0]!
    const why = reserved.has(top)
      ? `containers have a file ${top} of their own`
      : UNUSABLE.test(name)
        ? 'its name in containers must not have ", $, `, \\ or control characters'
        : names.has(name)
          ? `there are two files of the name ${name}`
          : undefined
    if (why !== undefined) throw refused(`${status.path} cannot be shipped: ${why}`)
    names.add(name)
  }
}

const isRemotePath = (path: string) => (schemeOf(path) ?? 'file') !== 'file'
/** The same in paths and in URLs of all file systems; containers have the file by its own name. */
const stagedName = (name: string) => posix.basename(name).replace(/[^\w.-]/g, '_')
const nameIn = (path: string) => posix.basename(path.replace(/\/+$/, ''))

function refused(why: string): FlinkError {
  return new FlinkError(`Cannot ship files: ${why}`, { code: 'FLINK_YARN_CONFIGURATION' })
}
