import type { Clock } from '../clock/clock.js'
import type { Configuration } from '../configuration/configuration.js'
import type { Random } from '../random/random.js'
import type { FileSystem } from './file-system.js'

/** What a file system that comes in a package of its own is made from. */
export interface FileSystemContext {
  /** The one that the paths have, in lower case: a package may serve several. */
  readonly scheme: string
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
}

/**
 * What such a package exports under the name `createFileSystem`. Called once per scheme and process (or task thread), when a path
 * of the scheme is first used.
 */
export type FileSystemFactory = (context: FileSystemContext) => FileSystem | Promise<FileSystem>
