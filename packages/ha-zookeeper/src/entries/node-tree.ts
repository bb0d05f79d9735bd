import { LeadershipLostError } from '@flink-ts/runtime'
import {
  childPath,
  parentPath,
  type ZooKeeperClient,
  type ZooKeeperOperation,
} from '@flink-ts/zookeeper-client'
import { type CoordinationReads, hasReason } from '../coordination-reads.js'
import type { FencedWriter } from '../fenced-writer.js'

/** What changes of nodes need. */
export interface NodeAccess {
  readonly zooKeeper: ZooKeeperClient
  readonly reads: CoordinationReads
  readonly writer: FencedWriter
}

/** A node as it was found, with what it says if it is an entry. */
export interface FoundNode {
  readonly path: string
  readonly data: Uint8Array
  readonly version: number
}

/** Steps of one transaction: its answer must fit into one message. */
const MAX_STEPS = 200

/** `path` and all nodes below it, each before those below it; none if it is not there. */
export async function findNodes(zooKeeper: ZooKeeperClient, path: string): Promise<FoundNode[]> {
  try {
    const [{ data, stat }, { children }] = await Promise.all([
      zooKeeper.getData(path),
      zooKeeper.getChildren(path),
    ])
    const below = await Promise.all(
      children.map((name) => findNodes(zooKeeper, childPath(path, name))),
    )
    return [{ path, data, version: stat.version }, ...below.flat()]
  } catch (error) {
    if (hasReason(error, 'no-node')) return []
    throw error
  }
}

/**
 * Removes `path` and all below it, in the term of the writer.
 *
 * @param onRemoving told of each node that is about to go
 * @throws LeadershipLostError, CoordinationConnectionLostError
 */
export async function removeTree(
  { zooKeeper, reads, writer }: NodeAccess,
  path: string,
  onRemoving: (node: FoundNode) => void = () => {},
): Promise<void> {
  for (;;) {
    const nodes = await reads.run(`list ${path}`, () => findNodes(zooKeeper, path))
    nodes.reverse()
    if (nodes.length === 0) return
    try {
      for (let from = 0; from < nodes.length; from += MAX_STEPS) {
        const part = nodes.slice(from, from + MAX_STEPS)
        for (const node of part) onRemoving(node)
        await writer.write(
          `remove ${path}`,
          part.map((node) => ({ type: 'remove', path: node.path, version: -1 })),
        )
      }
    } catch (error) {
      // Something has come or gone meanwhile.
      if (!hasReason(error, 'not-empty', 'no-node')) throw error
    }
  }
}

/** Makes `path` with its data, and what is missing above it up to `top`, in one step. @throws ZooKeeperError node-exists */
export async function createNode(
  { zooKeeper, reads, writer }: NodeAccess,
  { path, data, top }: { readonly path: string; readonly data: Uint8Array; readonly top: string },
): Promise<void> {
  let missing: string[] = []
  for (;;) {
    const operations: ZooKeeperOperation[] = [...missing, path].map((each) => ({
      type: 'create',
      path: each,
      data: each === path ? data : Buffer.alloc(0),
    }))
    try {
      await writer.write(`create ${path}`, operations)
      return
    } catch (error) {
      const isPathThere =
        hasReason(error, 'node-exists') && (error as { path?: string }).path === path
      if (isPathThere || !hasReason(error, 'no-node', 'node-exists')) throw error
    }
    const parents = pathsBetween(top, path)
    const stats = await reads.run(`look for what is above ${path}`, () =>
      Promise.all(parents.map((each) => zooKeeper.exists(each))),
    )
    missing = parents.filter((_, index) => stats[index] === undefined)
  }
}

/** Removes empty nodes above a node that has gone, below `top`; see {@link isUntidy}. */
export async function removeEmptyAbove(
  { zooKeeper, writer }: NodeAccess,
  { path, top }: { readonly path: string; readonly top: string },
): Promise<void> {
  for (let each = above(path); each.startsWith(`${top}/`); each = above(each)) {
    const stat = await zooKeeper.exists(each)
    if (stat === undefined) continue
    if (stat.numChildren > 0 || stat.dataLength > 0) return
    const { version } = stat
    await writer.write(`remove ${each}`, [{ type: 'remove', path: each, version }])
  }
}

/** Whether an error means that what is merely tidy was not done. */
export function isUntidy(error: unknown): boolean {
  return (
    error instanceof LeadershipLostError ||
    hasReason(error, 'no-node', 'not-empty', 'bad-version', 'closed') ||
    (error as { retriable?: unknown }).retriable === true
  )
}

/** Nodes from `top` to the parent of `path`, both included. */
function pathsBetween(top: string, path: string): string[] {
  const paths: string[] = []
  for (let each = above(path); each.length > top.length; each = above(each)) {
    paths.unshift(each)
  }
  return [top, ...paths]
}

function above(path: string): string {
  return parentPath(path) ?? '/'
}
