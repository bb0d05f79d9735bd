import type { StreamEdge, StreamGraph } from './stream-graph.js'

/**
 * A line per operator and edge, equal in every run of the same program with the same arguments, whatever
 * the parallelism, the slot sharing groups, the chaining and the cluster: what is compared between the client
 * and the traces.
 */
export function structureOf(graph: StreamGraph): string[] {
  return graph.nodes.flatMap((node) => [
    `${node.kind} '${node.name}' ${node.operatorId} ${node.uid === undefined ? 'without uid' : `uid '${node.uid}'`}: ${node.fingerprint}`,
    ...node.inEdges.map(edgeLine),
  ])
}

function edgeLine({ source, target, index, declared, partitioning }: StreamEdge): string {
  const how = declared ? partitioning.type : 'default'
  return `edge '${source.name}' ${source.operatorId} -> '${target.name}' ${target.operatorId} #${index}: ${how}`
}
