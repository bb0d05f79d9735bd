import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const CLUSTER_IMPORT = /\bfrom\s*["'](@flink-ts\/[\w./-]+)["']/g

/**
 * Imports what a bundle takes from the cluster. To be called before source maps are enabled, which
 * would have the maps of all these modules read from disk: a quarter of the time of their import.
 */
export async function preloadClusterModules(bundlePath: string): Promise<void> {
  const text = await readFile(bundlePath, 'utf8')
  const names = new Set(Array.from(text.matchAll(CLUSTER_IMPORT), (match) => match[1]!))
  const { resolve } = createRequire(bundlePath)
  for (const name of names) {
    let path: string
    try {
      path = resolve(name)
    } catch {
      // Not an import after all, or one that fails with its own message when the bundle is imported.
      continue
    }
    await import(pathToFileURL(path).href)
  }
}
