import type { OperatorFactory } from '@flink-ts/runtime/program'
import { operatorIdOfCombiner } from './operator-ids.js'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/**
 * Puts combiners in front of the aggregations of a batch job: into the tasks that make the elements, so that fewer of them
 * are written, sent and read. Only where the combiner joins the task in front; a streaming job emits a result for every
 * element and needs each of them.
 *
 * @returns a graph of its own nodes and edges, or `graph` itself if nothing is to be combined
 */
export function withLocalCombiners(graph: StreamGraph): StreamGraph {
  if (graph.jobType !== 'BATCH' || !graph.chaining) return graph
  if (!graph.nodes.some(({ combiner }) => combiner !== undefined)) return graph
  const copies = new Map<StreamNode, StreamNode>()
  const nodes: StreamNode[] = []
  for (const node of graph.nodes) {
    const copy: StreamNode = { ...node, inEdges: [], outEdges: [] }
    copies.set(node, copy)
    for (const edge of node.inEdges) {
      const source = copies.get(edge.source)!
      const { combiner } = node
      if (combiner === undefined || !canCombine(edge)) {
        connect({ ...edge, source, target: copy })
        continue
      }
      const combining = combinerNode(edge, source, combiner)
      connect({
        ...{ source, target: combining, index: 0, declared: false },
        partitioning: { type: 'FORWARD' },
      })
      connect({ ...edge, source: combining, target: copy, index: 0 })
      nodes.push(combining)
    }
    nodes.push(copy)
  }
  return { ...graph, nodes }
}

function canCombine({ source, partitioning }: StreamEdge): boolean {
  return partitioning.type === 'HASH' && source.chainingStrategy !== 'NEVER'
}

function combinerNode(edge: StreamEdge, source: StreamNode, factory: OperatorFactory): StreamNode {
  const { target, index } = edge
  const { parallelism, maxParallelism, slotSharingGroup, coLocationGroupKey, outputType } = source
  return {
    id: target.id,
    operatorId: operatorIdOfCombiner(source.operatorId, target.operatorId, index),
    kind: 'operator',
    name: `Combine for ${target.name}`,
    uid: undefined,
    ...{ parallelism, maxParallelism, slotSharingGroup, coLocationGroupKey, outputType },
    chainingStrategy: 'ALWAYS',
    factory,
    fingerprint: 'combine',
    functions: [],
    states: [],
    batchMemoryWeight: 0,
    inEdges: [],
    outEdges: [],
  }
}

function connect(edge: StreamEdge): void {
  edge.source.outEdges.push(edge)
  edge.target.inEdges.push(edge)
}
