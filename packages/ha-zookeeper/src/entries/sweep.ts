import type { Logger } from '@flink-ts/core'
import { childPath, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import type { ClusterPaths } from '../cluster-paths.js'
import { hasReason } from '../coordination-reads.js'
import type { EntryFiles } from './entry-files.js'
import { parseEntry } from './entry-value.js'
import { fileOf } from './node-store.js'
import { findNodes, type NodeAccess, removeEmptyAbove } from './node-tree.js'

export interface SweepOptions extends NodeAccess {
  readonly paths: ClusterPaths
  readonly files: EntryFiles
  readonly log: Logger
}

/**
 * Removes what earlier terms have left and nobody needs: files that no node names, nodes of components that are nowhere, and empty namespaces.
 * Writers of those terms are fenced, so that nobody can name such a file any more.
 *
 * @throws LeadershipLostError, CoordinationConnectionLostError
 */
export async function sweep(options: SweepOptions): Promise<void> {
  await sweepComponents(options)
  await sweepNamespaces(options)
  await sweepFiles(options)
}

async function sweepFiles(options: SweepOptions): Promise<void> {
  const { zooKeeper, reads, writer, paths, files, log } = options
  const candidates = await files.ofOtherTerms(writer.token.epoch)
  if (candidates.length === 0) return
  // All that was listed is of terms that were over before this: the present one goes on.
  await writer.write('look for files of earlier terms', [])
  const nodes = await reads.run(`list ${paths.entries}`, () => findNodes(zooKeeper, paths.entries))
  const unreadable = nodes.find(({ data }) => data.length > 0 && !isReadable(data))
  if (unreadable !== undefined) {
    log.warn(
      'Files of earlier terms are kept: an entry that cannot be read may be meant to name one',
      {
        node: unreadable.path,
        files: candidates.length,
      },
    )
    return
  }
  const named = new Set(nodes.map(({ data }) => fileOf(data)))
  const orphans = candidates.filter((file) => !named.has(file))
  if (orphans.length === 0) return
  log.info('Removing files of earlier terms that nobody needs', { files: orphans.length })
  for (const file of orphans) files.remove(file)
}

async function sweepComponents({ zooKeeper, reads, writer, paths }: SweepOptions): Promise<void> {
  const empty = await reads.run(`list ${paths.leader}`, async () => {
    const { children } = await zooKeeper.getChildren(paths.leader)
    const nodes = children.map((name) => childPath(paths.leader, name))
    const stats = await Promise.all(nodes.map((node) => zooKeeper.exists(node)))
    return nodes.filter((node, index) => node !== paths.latch && stats[index]?.numChildren === 0)
  })
  for (const path of empty) {
    try {
      await writer.write(`remove ${path}`, [{ type: 'remove', path, version: -1 }])
    } catch (error) {
      if (!hasReason(error, 'not-empty', 'no-node')) throw error
    }
  }
}

/** A leader that died between the removal of the last entry of a namespace and that of its node leaves the latter. */
async function sweepNamespaces(options: SweepOptions): Promise<void> {
  const { zooKeeper, reads, writer, paths } = options
  const { entries: top } = paths
  const empty = await reads.run(`list ${top}`, () => findEmptyNodes(zooKeeper, top))
  for (const { path, version } of empty) {
    if (path === top) continue
    try {
      await writer.write(`remove ${path}`, [{ type: 'remove', path, version }])
      await removeEmptyAbove(options, { path, top })
    } catch (error) {
      // Somebody has put something there, or has taken it away.
      if (!hasReason(error, 'not-empty', 'no-node', 'bad-version')) throw error
    }
  }
}

/** Nodes at `path` or below that have neither data nor anything below them. */
async function findEmptyNodes(
  zooKeeper: ZooKeeperClient,
  path: string,
): Promise<{ readonly path: string; readonly version: number }[]> {
  try {
    const { children, stat } = await zooKeeper.getChildren(path)
    if (children.length === 0) return stat.dataLength === 0 ? [{ path, version: stat.version }] : []
    const below = await Promise.all(
      children.map((name) => findEmptyNodes(zooKeeper, childPath(path, name))),
    )
    return below.flat()
  } catch (error) {
    if (hasReason(error, 'no-node')) return []
    throw error
  }
}

function isReadable(data: Uint8Array): boolean {
  try {
    parseEntry(data)
    return true
  } catch {
    return false
  }
}
