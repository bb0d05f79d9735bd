import type { StreamNode } from './stream-graph.js'

/** The name of a chain from `node` on: `A -> B`, or `A -> (B -> C, D)` where it branches. */
export function chainName(node: StreamNode, chain: ReadonlySet<StreamNode>): string {
  const next = node.outEdges
    .filter(({ target }) => chain.has(target) && target.inEdges.length === 1)
    .map(({ target }) => chainName(target, chain))
  if (next.length === 0) return node.name
  return `${node.name} -> ${next.length === 1 ? next[0] : `(${next.join(', ')})`}`
}
