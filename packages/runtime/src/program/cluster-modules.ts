import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What bundles leave to the cluster: one type registry, one set of operators. */
export const CLUSTER_PACKAGES: readonly string[] = [
  '@flink-ts/connector-files',
  '@flink-ts/core',
  '@flink-ts/metrics',
  '@flink-ts/network',
  '@flink-ts/rpc',
  '@flink-ts/runtime',
  '@flink-ts/state',
  '@flink-ts/streaming',
]

const require = createRequire(import.meta.url)
const prepared = new Set<string>()

/**
 * Lets the bundles in `directory` (and below) import the cluster's own packages: makes links in its
 * `node_modules`. Idempotent; several processes may do it at the same time. A package that this
 * cluster does not have is left out.
 */
export function prepareClusterModules(directory: string): void {
  if (prepared.has(directory)) return
  for (const name of CLUSTER_PACKAGES) {
    const target = packageDirectory(name)
    if (target !== undefined) link(join(directory, 'node_modules', name), target)
  }
  prepared.add(directory)
}

/** Entry points of the packages that programs import, such as `file:///…/streaming/dist/index.js`. */
export function clusterModuleUrls(): string[] {
  const urls: string[] = []
  for (const name of ['@flink-ts/core', '@flink-ts/runtime/program', '@flink-ts/streaming']) {
    try {
      urls.push(pathToFileURL(require.resolve(name)).href)
    } catch {
      // A cluster without it: a program that needs it fails with its own message.
    }
  }
  return urls
}

function packageDirectory(name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function link(path: string, target: string): void {
  if (linkTarget(path) === target) return
  mkdirSync(dirname(path), { recursive: true })
  // Made aside and moved over: whoever resolves the name meanwhile finds the old link or the new one.
  const aside = `${path}.${process.pid}`
  rmSync(aside, { force: true })
  symlinkSync(target, aside, 'junction')
  try {
    renameSync(aside, path)
  } catch (error) {
    rmSync(aside, { force: true })
    if (linkTarget(path) !== target) throw error
  }
}

function linkTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
    ? readlinkSync(path)
    : undefined
}
