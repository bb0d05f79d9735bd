import type { IntermediateDataSetId, JobId, JobVertexId, OperatorId } from '@flink-ts/core'
import type {
  JobEdge,
  JobGraph,
  JobVertex,
  OperatorDescriptor,
  PartitionerType,
  ResultPartitionType,
} from '@flink-ts/runtime'

export function hex(n: number): string {
  return n.toString(16).padStart(32, '0')
}

export const JOB_ID = hex(0xab) as JobId

/** A vertex of one operator, numbered from 1: vertex `n` has id n, its operator 0x100 + n. */
export function vertex(
  n: number,
  parallelism: number,
  rest: Partial<JobVertex> = {},
  operator: Partial<OperatorDescriptor> = {},
): JobVertex {
  return {
    id: hex(n) as JobVertexId,
    name: `v${n}`,
    parallelism,
    maxParallelism: 128,
    slotSharingGroup: 'default',
    operators: [
      {
        operatorId: hex(0x100 + n) as OperatorId,
        name: `op${n}`,
        kind: 'operator',
        code: { kind: 'traced' },
        chainedInputs: [],
        ...operator,
      },
    ],
    ...rest,
  }
}

let edges = 0

export function edge(
  from: number,
  to: number,
  partitioner: PartitionerType = 'HASH',
  exchange: ResultPartitionType = 'pipelined_bounded',
): JobEdge {
  return {
    id: hex(0x10000 + edges++) as IntermediateDataSetId,
    sourceVertexId: hex(from) as JobVertexId,
    sourceOperatorId: hex(0x100 + from) as OperatorId,
    targetVertexId: hex(to) as JobVertexId,
    targetInputIndex: 0,
    partitioner,
    exchange,
  }
}

export function jobGraph(
  vertices: readonly JobVertex[],
  jobEdges: readonly JobEdge[] = [],
  rest: Partial<JobGraph> = {},
): JobGraph {
  return {
    formatVersion: 1,
    jobId: JOB_ID,
    name: 'test job',
    jobType: 'STREAMING',
    vertices,
    edges: jobEdges,
    configuration: {},
    ...rest,
  }
}
