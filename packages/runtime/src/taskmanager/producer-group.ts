import assert from 'node:assert/strict'
import {
  type ExecutionAttemptId,
  executionAttemptId,
  type IntermediateDataSetId,
  type JobVertexId,
  resultPartitionId,
} from '@flink-ts/core'
import type { InputGateDescriptor, ShuffleDescriptor } from '@flink-ts/network'

/**
 * All producers of an edge, the same for each consumer that reads from every one of them: a few bytes per
 * producer instead of a ShuffleDescriptor each. JSON.
 */
export interface ProducerGroup {
  readonly dataSetId: IntermediateDataSetId
  readonly executionGraphId: string
  readonly vertexId: JobVertexId
  readonly locations: readonly ShuffleDescriptor['location'][]
  /** Attempt numbers of subtasks 0, 1, …, in runs: number and count in turns. */
  readonly attempts: readonly number[]
  /** Where they run, in runs: index into `locations` and count in turns. */
  readonly places: readonly number[]
  /** What the shuffle service knows of each, if it does of any. */
  readonly infos?: readonly unknown[]
}

/** An input gate as it travels: its producers one by one, or as a group. JSON. */
export type InputGateDeployment =
  | InputGateDescriptor
  | (Omit<InputGateDescriptor, 'producers'> & { readonly group: ProducerGroup })

/** @param producers of subtasks 0, 1, … */
export function producerGroup(
  ids: Pick<ProducerGroup, 'dataSetId' | 'executionGraphId' | 'vertexId'>,
  producers: readonly ({ attemptNumber: number } & Pick<ShuffleDescriptor, 'location' | 'info'>)[],
): ProducerGroup {
  const locations: ShuffleDescriptor['location'][] = []
  const indexes = new Map<string, number>()
  const attempts: number[] = []
  const places: number[] = []
  for (const { attemptNumber, location } of producers) {
    let index = indexes.get(location.resourceId)
    if (index === undefined) {
      index = locations.length
      indexes.set(location.resourceId, index)
      const { resourceId, host, dataPort } = location
      locations.push({ resourceId, host, dataPort })
    }
    append(attempts, attemptNumber)
    append(places, index)
  }
  const infos = producers.some(({ info }) => info !== undefined)
    ? { infos: producers.map(({ info }) => info ?? null) }
    : {}
  return { ...ids, locations, attempts, places, ...infos }
}

/** The gate with its producers one by one. @throws AssertionError if its group does not fit together */
export function expandInputGate(gate: InputGateDeployment): InputGateDescriptor {
  if (!('group' in gate)) return gate
  const { group, ...rest } = gate
  const { dataSetId, executionGraphId, vertexId, locations } = group
  const attempts = [...elements(group.attempts)]
  const places = [...elements(group.places)]
  assert(attempts.length === places.length, 'every producer has an attempt and a place')
  return {
    ...rest,
    producers: attempts.map((attemptNumber, subtaskIndex) => {
      const location = locations[places[subtaskIndex]!]
      assert(location !== undefined, `producer ${subtaskIndex} has a location`)
      const attempt: ExecutionAttemptId = executionAttemptId({
        executionGraphId,
        vertexId,
        subtaskIndex,
        attemptNumber,
      })
      return {
        partitionId: resultPartitionId(dataSetId, subtaskIndex, attempt),
        location,
        ...(group.infos !== undefined && { info: group.infos[subtaskIndex] }),
      }
    }),
  }
}

function append(runs: number[], value: number): void {
  if (runs.length > 0 && runs.at(-2) === value) runs[runs.length - 1]!++
  else runs.push(value, 1)
}

function* elements(runs: readonly number[]): Generator<number> {
  for (let i = 0; i < runs.length; i += 2) {
    for (let n = runs[i + 1]!; n > 0; n--) yield runs[i]!
  }
}
