import type { AttemptInfo, SubtaskInfo, VertexInfo } from '@flink-ts/runtime'
import type {
  JobVertexAccumulatorsBody,
  SubtaskAttemptAccumulatorsBody,
  SubtasksAllAccumulatorsBody,
  SubtasksTimesBody,
} from '../messages/accumulator-messages.js'
import type { JobVertexDetailsBody, MetricBody, SubtaskBody } from '../messages/messages.js'
import type { HandlerContext, HandlerRequest, Route } from '../server/handler.js'
import { hexPathParameter, indexPathParameter, listQueryParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'
import { userAccumulators } from './accumulator-bodies.js'
import { backPressureBody } from './backpressure.js'
import { ioMetricsBody, subtaskMetrics } from './io-metrics.js'
import { attemptTimes, statusDurations } from './vertex-summary.js'

async function requestedVertex(request: HandlerRequest, context: HandlerContext) {
  const jobId = hexPathParameter(request, 'jobid')
  const vertexId = hexPathParameter(request, 'vertexid')
  const graph = await context.executionGraphs.get(jobId)
  const info = graph.vertices.find((candidate) => candidate.vertexId === vertexId)
  const vertex = graph.jobGraph.vertices.find((candidate) => candidate.id === vertexId)
  if (info === undefined || vertex === undefined) {
    throw new RestHandlerError(`JobVertex ${vertexId} not found`, 404)
  }
  return { info, vertex }
}

function requestedSubtask(request: HandlerRequest, info: VertexInfo): SubtaskInfo {
  const index = indexPathParameter(request, 'subtaskindex')
  const subtask = info.subtasks[index]
  if (subtask !== undefined) return subtask
  throw new RestHandlerError(
    `Subtask ${index} not found: the vertex has ${info.subtasks.length} subtasks`,
    404,
  )
}

function endpointOf({ location }: AttemptInfo): string {
  return location === undefined ? '(unassigned)' : `${location.host}:${location.dataPort}`
}

/** The current attempt or one that is remembered (`jobmanager.execution.attempts-history-size`). */
function requestedAttempt(request: HandlerRequest, subtask: SubtaskInfo): AttemptInfo {
  const number = indexPathParameter(request, 'attempt')
  const attempts = [subtask.current, ...subtask.history]
  const attempt = attempts.find(({ attemptNumber }) => attemptNumber === number)
  if (attempt !== undefined) return attempt
  throw new RestHandlerError(
    `Attempt ${number} of subtask ${subtask.subtaskIndex} not found: it has not begun, or is not remembered any more`,
    404,
  )
}

function subtaskBody(subtaskIndex: number, attempt: AttemptInfo, nowMs: number): SubtaskBody {
  const times = attemptTimes(attempt, nowMs)
  const { location } = attempt
  return {
    subtask: subtaskIndex,
    status: attempt.state,
    attempt: attempt.attemptNumber,
    endpoint: endpointOf(attempt),
    ...times,
    metrics: ioMetricsBody([attempt]),
    'taskmanager-id': location?.resourceId ?? '(unassigned)',
    'status-duration': statusDurations(attempt, nowMs),
    start_time: times['start-time'],
  }
}

/** Only the names without `get`; else those asked for that there are. */
function metricBodies(
  values: Map<string, number | boolean>,
  request: HandlerRequest,
): MetricBody[] {
  const wanted = listQueryParameter(request, 'get')
  if (wanted === undefined) return [...values.keys()].map((id) => ({ id }))
  return wanted.flatMap((id) => {
    const value = values.get(id)
    return value === undefined ? [] : [{ id, value: String(value) }]
  })
}

/** Calls about one vertex of a job and its subtasks. */
export const vertexRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid',
    handler: async (request, context) => {
      const { info, vertex } = await requestedVertex(request, context)
      const nowMs = context.clock.now()
      const body: JobVertexDetailsBody = {
        id: vertex.id,
        name: vertex.name,
        parallelism: vertex.parallelism,
        maxParallelism: vertex.maxParallelism,
        now: nowMs,
        subtasks: info.subtasks.map(({ subtaskIndex, current }) =>
          subtaskBody(subtaskIndex, current, nowMs),
        ),
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/metrics',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      const values = new Map<string, number | boolean>()
      for (const { subtaskIndex, current } of info.subtasks) {
        if (current.metrics === undefined) continue
        for (const [id, value] of subtaskMetrics(current.metrics)) {
          values.set(`${subtaskIndex}.${id}`, value)
        }
      }
      return { body: metricBodies(values, request) }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/backpressure',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      return { body: backPressureBody(info.subtasks, context.clock.now()) }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/accumulators',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      const body: JobVertexAccumulatorsBody = {
        id: info.vertexId,
        'user-accumulators': userAccumulators(info.subtasks.map(({ current }) => current)),
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/subtasktimes',
    handler: async (request, context) => {
      const { info, vertex } = await requestedVertex(request, context)
      const nowMs = context.clock.now()
      const body: SubtasksTimesBody = {
        id: vertex.id,
        name: vertex.name,
        now: nowMs,
        subtasks: info.subtasks.map(({ subtaskIndex, current }) => ({
          subtask: subtaskIndex,
          endpoint: endpointOf(current),
          duration: attemptTimes(current, nowMs).duration,
          timestamps: current.timestamps,
        })),
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/subtasks/accumulators',
    handler: async (request, context) => {
      const { info, vertex } = await requestedVertex(request, context)
      const body: SubtasksAllAccumulatorsBody = {
        id: vertex.id,
        parallelism: vertex.parallelism,
        subtasks: info.subtasks.map(({ subtaskIndex, current }) => ({
          subtask: subtaskIndex,
          attempt: current.attemptNumber,
          endpoint: endpointOf(current),
          'user-accumulators': userAccumulators([current]),
        })),
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt/accumulators',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      const { subtaskIndex, current, history } = requestedSubtask(request, info)
      const number = indexPathParameter(request, 'attempt')
      const attempt = [current, ...history].find(({ attemptNumber }) => attemptNumber === number)
      if (attempt === undefined) {
        throw new RestHandlerError(`Attempt ${number} of subtask ${subtaskIndex} not found`, 404)
      }
      const body: SubtaskAttemptAccumulatorsBody = {
        subtask: subtaskIndex,
        attempt: number,
        id: attempt.executionAttemptId,
        'user-accumulators': userAccumulators([attempt]),
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      const subtask = requestedSubtask(request, info)
      return { body: subtaskBody(subtask.subtaskIndex, subtask.current, context.clock.now()) }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/attempts/:attempt',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      const subtask = requestedSubtask(request, info)
      const attempt = requestedAttempt(request, subtask)
      return { body: subtaskBody(subtask.subtaskIndex, attempt, context.clock.now()) }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/vertices/:vertexid/subtasks/:subtaskindex/metrics',
    handler: async (request, context) => {
      const { info } = await requestedVertex(request, context)
      const { metrics } = requestedSubtask(request, info).current
      const values = metrics === undefined ? new Map<string, number>() : subtaskMetrics(metrics)
      return { body: metricBodies(values, request) }
    },
  },
]
