import { childPath, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import { latchQueue } from '../cluster-paths.js'
import { hasReason } from '../coordination-reads.js'
import type { LeaderLatchOptions } from './leader-latch-options.js'

/** Removes nodes of this process: of earlier terms and sessions, and those of which nobody heard whether they were made; but not `keep`. */
export async function removeOwnNodes(
  options: Pick<LeaderLatchOptions, 'zooKeeper' | 'paths' | 'processUuid' | 'log'>,
  children: readonly string[],
  keep?: string,
): Promise<void> {
  const { zooKeeper, paths, processUuid, log } = options
  for (const { name, processUuid: owner } of latchQueue(children)) {
    const path = childPath(paths.latch, name)
    if (owner !== processUuid || path === keep) continue
    log.info('Removing a node of an earlier part in the election', { node: path })
    await removeIfThere(zooKeeper, path)
  }
}

export async function removeIfThere(zooKeeper: ZooKeeperClient, path: string): Promise<void> {
  try {
    await zooKeeper.remove(path, -1)
  } catch (error) {
    if (!hasReason(error, 'no-node')) throw error
  }
}
