import { childPath, type ZooKeeperClient } from '@flink-ts/zookeeper-client'
import { type ClusterPaths, parseLatchNode } from './cluster-paths.js'
import { hasReason } from './coordination-reads.js'
import { ForeignDataError } from './zookeeper-ha-errors.js'

/** Data of the node of a cluster that has ended: of that cluster everything is being removed. */
export const CLUSTER_HAS_ENDED = 'The cluster has ended.'

/**
 * Makes the node of the latch and what is missing above it, and looks that nothing is there that a cluster of this system does
 * not make.
 *
 * @throws ForeignDataError naming the node
 */
export async function prepareCluster(
  zooKeeper: ZooKeeperClient,
  paths: ClusterPaths,
): Promise<void> {
  try {
    await zooKeeper.createRecursive(paths.latch)
  } catch (error) {
    if (!hasReason(error, 'no-children-for-ephemerals')) throw error
    throw new ForeignDataError(paths.cluster, 'a node on the way to it is of a session', error)
  }
  const [{ data }, { children }, { children: contenders }] = await Promise.all([
    zooKeeper.getData(paths.cluster),
    zooKeeper.getChildren(paths.cluster),
    zooKeeper.getChildren(paths.latch),
  ])
  const isForeign = data.length > 0 && Buffer.from(data).toString() !== CLUSTER_HAS_ENDED
  if (isForeign) throw new ForeignDataError(paths.cluster, 'the node has data of its own')
  const own = new Set([paths.leader, paths.entries])
  for (const name of children) {
    const path = childPath(paths.cluster, name)
    if (!own.has(path))
      throw new ForeignDataError(path, 'no cluster of this system makes such a node')
  }
  for (const name of contenders) {
    if (parseLatchNode(name) === undefined) {
      const path = childPath(paths.latch, name)
      throw new ForeignDataError(path, 'somebody else takes part in the election')
    }
  }
}

/**
 * Removes the nodes of a cluster in which nobody takes part any more as far as they are empty, and those above that are, the root
 * included.
 *
 * @returns whether nothing of the cluster is left
 */
export async function removeEmptyCluster(
  zooKeeper: ZooKeeperClient,
  paths: ClusterPaths,
): Promise<boolean> {
  const contenders = await childrenOf(zooKeeper, paths.latch)
  if (contenders.length > 0) return false
  const components = await childrenOf(zooKeeper, paths.leader)
  const doomed = [
    paths.entries,
    paths.latch,
    ...components
      .map((name) => childPath(paths.leader, name))
      .filter((path) => path !== paths.latch),
    paths.leader,
  ]
  for (const path of doomed) await removeIfEmpty(zooKeeper, path)
  const isGone = await removeIfEmpty(zooKeeper, paths.cluster)
  if (isGone && paths.root !== '/') await removeIfEmpty(zooKeeper, paths.root)
  return isGone
}

/** Names below a node; none if it is not there. */
export async function childrenOf(
  zooKeeper: ZooKeeperClient,
  path: string,
): Promise<readonly string[]> {
  try {
    return (await zooKeeper.getChildren(path)).children
  } catch (error) {
    if (hasReason(error, 'no-node')) return []
    throw error
  }
}

async function removeIfEmpty(zooKeeper: ZooKeeperClient, path: string): Promise<boolean> {
  try {
    await zooKeeper.remove(path, -1)
    return true
  } catch (error) {
    if (hasReason(error, 'no-node')) return true
    if (!hasReason(error, 'not-empty')) throw error
    return false
  }
}
