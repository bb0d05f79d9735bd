import type { Random } from '../random/random.js'

declare const brand: unique symbol
type Id<Name extends string> = string & { readonly [brand]: Name }

/** 32 lower-case hex digits; names one job of a cluster. */
export type JobId = Id<'JobId'>
/** 32 lower-case hex digits; names one vertex (chain of operators) of a JobGraph. */
export type JobVertexId = Id<'JobVertexId'>
/** 32 lower-case hex digits; names one operator. Derived from its uid, else from its place in the graph. */
export type OperatorId = Id<'OperatorId'>
/** 32 lower-case hex digits; names what one edge of a JobGraph carries. */
export type IntermediateDataSetId = Id<'IntermediateDataSetId'>
/** `<executionGraphId>_<jobVertexId>_<subtask>_<attempt>`; names one attempt of one subtask. */
export type ExecutionAttemptId = Id<'ExecutionAttemptId'>
/** Names the subtask output `<IntermediateDataSetId>#<subtask>@<ExecutionAttemptId>`. */
export type ResultPartitionId = Id<'ResultPartitionId'>
/** 32 lower-case hex digits; names one allocation of a slot to a job. */
export type AllocationId = Id<'AllocationId'>
/** Names one process of the cluster, such as `127.0.0.1:41231-ab12cd`. */
export type ResourceId = Id<'ResourceId'>
/** 32 lower-case hex digits; names one registration of a TaskManager at the ResourceManager. */
export type InstanceId = Id<'InstanceId'>

const HEX_32 = /^[0-9a-f]{32}$/

/** Whether `text` has the form of the 16-byte ids: 32 lower-case hex digits. */
export function isHexId(text: string): boolean {
  return HEX_32.test(text)
}

/** A fresh 16-byte id as 32 hex digits. */
export function newHexId<T extends string>(random: Random): T {
  return random.hex(16) as T
}

/** The id of one attempt of a subtask, from its parts. */
export function executionAttemptId(parts: {
  executionGraphId: string
  vertexId: JobVertexId
  subtaskIndex: number
  attemptNumber: number
}): ExecutionAttemptId {
  return `${parts.executionGraphId}_${parts.vertexId}_${parts.subtaskIndex}_${parts.attemptNumber}` as ExecutionAttemptId
}

/** The id of what attempt `producer` (subtask `subtaskIndex`) writes of data set `dataSetId`. */
export function resultPartitionId(
  dataSetId: IntermediateDataSetId,
  subtaskIndex: number,
  producer: ExecutionAttemptId,
): ResultPartitionId {
  return `${dataSetId}#${subtaskIndex}@${producer}` as ResultPartitionId
}
