import { mergeAccumulators } from '@flink-ts/core'
import { EXECUTION_STATES } from '../executiongraph/execution-state.js'
import type { ExecutionGraphInfo, VertexInfo } from '../jobmaster/info/execution-graph-info.js'
import type { AccumulatorSnapshot, JobDetails, JobResult } from '../messages/messages.generated.js'

/** The line of a job in a list of jobs. */
export function jobDetailsOf(info: ExecutionGraphInfo): JobDetails {
  const tasksPerState: Record<string, number> = {}
  for (const state of EXECUTION_STATES) tasksPerState[state] = 0
  let totalTasks = 0
  let lastModificationMs = Math.max(...Object.values(info.timestamps))
  for (const { subtasks } of info.vertices) {
    for (const { current } of subtasks) {
      totalTasks++
      tasksPerState[current.state] = (tasksPerState[current.state] ?? 0) + 1
      lastModificationMs = Math.max(lastModificationMs, current.timestamps[current.state])
    }
  }
  return {
    jobId: info.jobId,
    name: info.name,
    jobType: info.jobType,
    status: info.status,
    startTimeMs: info.startTimeMs,
    endTimeMs: info.endTimeMs,
    lastModificationMs,
    tasksPerState,
    totalTasks,
    schedulerType: info.schedulerType,
    ...(info.waitingFor === undefined ? {} : { waitingFor: info.waitingFor }),
  }
}

/** How a job that has ended did so. */
export function jobResultOf(info: ExecutionGraphInfo): JobResult {
  return {
    jobId: info.jobId,
    name: info.name,
    status: info.status,
    startTimeMs: info.startTimeMs,
    endTimeMs: info.endTimeMs,
    ...(info.failureCause === undefined ? {} : { failureCause: info.failureCause }),
    accumulators: accumulatorsOf(info.vertices),
  }
}

/** What the current attempts of these vertices have gathered in accumulators, merged by name. */
export function accumulatorsOf(vertices: readonly VertexInfo[]): AccumulatorSnapshot[] {
  return mergeAccumulators(
    vertices.flatMap(({ subtasks }) =>
      subtasks.flatMap(({ current }) => current.metrics?.accumulators ?? []),
    ),
  )
}
