import type { SerializedError } from '@flink-ts/core'
import type { Execution } from '../executiongraph/execution.js'
import type { ExecutionGraph } from '../executiongraph/execution-graph.js'

/** A task could not read what another one produced. */
export interface DataConsumptionFailure {
  readonly producer: Execution
  /** The IntermediateDataSet. */
  readonly dataSetId: string
  /** The result is gone for good, though its producer's TaskManager may be there. */
  readonly resultLost: boolean
}

/** Failures to read a result, and whether it cannot be read by another attempt either. */
const CODES: ReadonlyMap<string, boolean> = new Map([
  ['FLINK_REMOTE_TRANSPORT', false],
  ['FLINK_PARTITION_NOT_FOUND', true],
  ['FLINK_PARTITION_RELEASED', true],
  ['FLINK_CORRUPT_CHANNEL_DATA', true],
])

/** Finds in an error and its causes which result could not be read; undefined if it tells of none. */
export function dataConsumptionFailure(
  graph: ExecutionGraph,
  error: SerializedError,
): DataConsumptionFailure | undefined {
  for (let at: SerializedError | undefined = error; at !== undefined; at = at.cause) {
    const resultLost = at.code === undefined ? undefined : CODES.get(at.code)
    const partitionId = at.facts?.values['partitionId']
    if (resultLost === undefined || partitionId === undefined) continue
    // `<data set>#<subtask>@<attempt>`; one of another job or graph is not found.
    const producer = graph.execution(partitionId.slice(partitionId.lastIndexOf('@') + 1))
    const dataSetId = partitionId.slice(0, partitionId.indexOf('#'))
    if (producer !== undefined) return { producer, dataSetId, resultLost }
  }
  return undefined
}
