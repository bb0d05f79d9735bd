import type { Clock } from '../clock/clock.js'
import type { Configuration } from '../configuration/configuration.js'
import { FileSystemOptions } from '../configuration/options/file-system-options.js'
import type { Random } from '../random/random.js'
import { FileSystemNotLoadedError } from './file-errors.js'
import type { FileSystem } from './file-system.js'
import type { FileSystemFactory } from './file-system-plugin.js'
import { FileSystemRegistry } from './file-system-registry.js'
import { LazyFileSystem } from './lazy-file-system.js'
import { LocalFileSystem } from './local-file-system.js'

/** Packages of this project by the schemes that they serve. */
const PACKAGES: Readonly<Record<string, string>> = {
  s3: '@flink-ts/filesystem-s3',
  hdfs: '@flink-ts/filesystem-webhdfs',
  webhdfs: '@flink-ts/filesystem-webhdfs',
  swebhdfs: '@flink-ts/filesystem-webhdfs',
}

export interface FileSystemsOptions {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  /** Finds a package by name; default `import`. */
  readonly loadModule?: (name: string) => Promise<unknown>
  /** In place of the machine's own files, for `file://`. */
  readonly local?: FileSystem
}

/**
 * The file systems of a process or task thread: the machine's own files, and those in packages, which are loaded when a path of
 * their scheme is first used. `filesystem.packages` names packages for further schemes, or other ones for those that are known.
 */
export function createFileSystems(options: FileSystemsOptions): FileSystemRegistry {
  const { configuration, random, local = new LocalFileSystem(random) } = options
  const named = Object.fromEntries(configuration.get(FileSystemOptions.PACKAGES) ?? [])
  const packages = Object.entries({ ...PACKAGES, ...named })
  return new FileSystemRegistry([
    local,
    ...packages.map(
      ([scheme, name]) =>
        new LazyFileSystem(scheme.toLowerCase(), () => load(scheme.toLowerCase(), name, options)),
    ),
  ])
}

async function load(
  scheme: string,
  packageName: string,
  { configuration, clock, random, loadModule = (name) => import(name) }: FileSystemsOptions,
): Promise<FileSystem> {
  let module: { createFileSystem?: FileSystemFactory }
  try {
    module = (await loadModule(packageName)) as typeof module
  } catch (cause) {
    throw new FileSystemNotLoadedError({
      scheme,
      packageName,
      why: (cause as Error).message,
      cause,
    })
  }
  if (typeof module.createFileSystem !== 'function') {
    const why = 'it exports no createFileSystem'
    throw new FileSystemNotLoadedError({ scheme, packageName, why })
  }
  return module.createFileSystem({ scheme, configuration, clock, random })
}
