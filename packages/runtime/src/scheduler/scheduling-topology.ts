import type { ExecutionGraph } from '../executiongraph/execution-graph.js'

/**
 * Tasks by index, producers before consumers, and who reads from whom. A connection joins each of
 * its producers with each of its consumers, so that an all-to-all edge is one of them.
 */
export interface SchedulingTopology {
  readonly numberOfTasks: number
  readonly connections: readonly Connection[]
}

export interface Connection {
  readonly producers: readonly number[]
  readonly consumers: readonly number[]
  /** Both ends must run at the same time; else the consumers start when the producers have ended. */
  readonly pipelined: boolean
  /** The IntermediateDataSet that it carries. */
  readonly dataSetId: string
}

/** The topology of a job's subtasks; indexes are those of `graph.vertices`. */
export function schedulingTopologyOf(graph: ExecutionGraph): SchedulingTopology {
  const connections: Connection[] = []
  for (const edge of graph.edges) {
    const { pipelined } = edge
    const dataSetId = edge.jobEdge.id
    const producers = edge.producer.subtasks.map((subtask) => subtask.index)
    const consumers = edge.consumer.subtasks.map((subtask) => subtask.index)
    if (!edge.distribution.pointwise) {
      connections.push({ producers, consumers, pipelined, dataSetId })
      continue
    }
    consumers.forEach((consumer, subtask) => {
      const read = edge.distribution.consumedBy(subtask).producers
      connections.push({
        producers: read.map((producer) => producers[producer]!),
        consumers: [consumer],
        pipelined,
        dataSetId,
      })
    })
  }
  return { numberOfTasks: graph.vertices.length, connections }
}
