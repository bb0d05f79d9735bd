import type { StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/** What `flink info` prints: Flink's fields. */
export interface ExecutionPlan {
  readonly nodes: readonly ExecutionPlanNode[]
}

/** One operator of an {@link ExecutionPlan}. */
export interface ExecutionPlanNode {
  readonly id: number
  readonly type: string
  readonly pact: 'Data Source' | 'Operator' | 'Data Sink'
  readonly contents: string
  readonly parallelism: number
  /** Absent for sources. */
  readonly predecessors?: readonly {
    readonly id: number
    readonly ship_strategy: string
    readonly side: 'second'
  }[]
}

/** The plan of a graph: its operators by number, before operators are put into chains. */
export function executionPlanOf(graph: StreamGraph): ExecutionPlan {
  return { nodes: [...graph.nodes].sort((a, b) => a.id - b.id).map(planNode) }
}

function planNode(node: StreamNode): ExecutionPlanNode {
  const { id, name, parallelism, inEdges } = node
  return {
    id,
    type: name,
    pact: PACT[node.kind],
    contents: name,
    parallelism,
    ...(inEdges.length > 0 && { predecessors: inEdges.map(predecessor) }),
  }
}

const PACT = { source: 'Data Source', operator: 'Operator', sink: 'Data Sink' } as const

// Flink writes "second" for every predecessor of a streaming plan, and tools expect it.
function predecessor(edge: StreamEdge) {
  return { id: edge.source.id, ship_strategy: edge.partitioning.type, side: 'second' as const }
}
