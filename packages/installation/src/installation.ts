import { posix } from 'node:path'
import type { FileSystems } from '@flink-ts/core'

/** Below the packages of an installation, the main modules of its processes. */
export const MAINS_FOLDER = '@flink-ts/entrypoint/dist/mains'
/** Where an assembled installation (`npm run dist`) has its packages. */
export const DISTRIBUTION_MODULES = 'lib/node_modules'

/** Whether a folder is an assembled installation, which runs from any path. */
export function isDistribution(files: FileSystems, home: string): Promise<boolean> {
  return files.forPath(home).exists(posix.join(home, DISTRIBUTION_MODULES, MAINS_FOLDER))
}

/**
 * Where the packages of an installation are that other machines have at `home`; one that is here as well may be a checkout, or
 * installed by npm.
 */
export async function modulesOf(files: FileSystems, home: string): Promise<string> {
  const own = posix.join(home, 'node_modules')
  const isHere = await files.forPath(home).exists(posix.join(own, MAINS_FOLDER))
  return isHere && !(await isDistribution(files, home))
    ? own
    : posix.join(home, DISTRIBUTION_MODULES)
}
