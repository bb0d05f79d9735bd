import { typeToString } from '@flink-ts/core'
import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/**
 * A line per operator and edge, equal in every run of the same program with the same arguments, whatever
 * the parallelism, the slot sharing groups, the chaining and the cluster: what is compared between the client
 * and the traces.
 */
export function structureOf(graph: StreamGraph): string[] {
  const lines = graph.nodes.flatMap((node) => [
    `${node.kind} '${node.name}' ${node.operatorId} ${node.uid === undefined ? 'without uid' : `uid '${node.uid}'`}: ${node.fingerprint}${returns(node)}`,
    ...node.inEdges.map(edgeLine),
  ])
  return [...lines, ...graph.serializers.names.map((name) => `serializer '${name}'`)]
}

function returns({ outputType }: StreamNode): string {
  return outputType === undefined ? '' : ` returns ${typeToString(outputType)}`
}

function edgeLine(edge: StreamEdge): string {
  const { source, target, index, declared, partitioning, inputIndex } = edge
  const how = `${declared ? partitioning.type : 'default'}${inputIndex === 1 ? ' into input 2' : ''}`
  return `edge '${source.name}' ${source.operatorId} -> '${target.name}' ${target.operatorId} #${index}: ${how}`
}
