import {
  Configuration,
  FlinkError,
  PipelineOptions,
  renderErrorChain,
  type SerializedError,
} from '@flink-ts/core'
import {
  accumulatorsOf,
  applicationStatusOf,
  type ExceptionEntry,
  type ExecutionGraphInfo,
  type JobResult,
  type VertexInfo,
} from '@flink-ts/runtime'
import type { JobAccumulatorsBody } from '../messages/accumulator-messages.js'
import type {
  ExceptionBody,
  JobConfigBody,
  JobDetailsBody,
  JobExceptionsBody,
  JobExecutionResultBody,
  JobPlanBody,
  JobResultBody,
  JobStatusBody,
  JobVertexBody,
} from '../messages/messages.js'
import type { Route } from '../server/handler.js'
import { booleanQueryParameter, hexPathParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'
import { serializedAccumulators, userAccumulatorBody } from './accumulator-bodies.js'
import { ioMetricsBody } from './io-metrics.js'
import { planBody } from './job-plan.js'
import { serializedThrowable } from './serialized-throwable.js'
import { countStates, slotSharingGroupId, vertexTimes } from './vertex-summary.js'

const DEFAULT_MAX_EXCEPTIONS = 20

function vertexBody(graph: ExecutionGraphInfo, info: VertexInfo, nowMs: number): JobVertexBody {
  const vertex = graph.jobGraph.vertices.find((candidate) => candidate.id === info.vertexId)!
  const attempts = info.subtasks.map((subtask) => subtask.current)
  return {
    id: vertex.id,
    slotSharingGroupId: slotSharingGroupId(vertex.slotSharingGroup),
    name: vertex.name,
    maxParallelism: vertex.maxParallelism,
    parallelism: vertex.parallelism,
    status: info.aggregateState,
    ...vertexTimes(attempts, nowMs),
    tasks: countStates(attempts.map((attempt) => attempt.state)),
    metrics: ioMetricsBody(attempts),
  }
}

function detailsBody(graph: ExecutionGraphInfo, nowMs: number): JobDetailsBody {
  return {
    jid: graph.jobId,
    name: graph.name,
    isStoppable: false,
    state: graph.status,
    'job-type': graph.jobType,
    schedulerType: graph.schedulerType,
    'start-time': graph.startTimeMs,
    'end-time': graph.endTimeMs,
    duration: (graph.endTimeMs === -1 ? nowMs : graph.endTimeMs) - graph.startTimeMs,
    maxParallelism: -1,
    now: nowMs,
    timestamps: graph.timestamps,
    vertices: graph.vertices.map((vertex) => vertexBody(graph, vertex, nowMs)),
    'status-counts': countStates(graph.vertices.map((vertex) => vertex.aggregateState)),
    plan: planBody(graph),
    'pending-operators': 0,
    ...(graph.waitingFor === undefined ? {} : { 'waiting-for': graph.waitingFor }),
  }
}

function exceptionBody(entry: ExceptionEntry): ExceptionBody {
  return {
    exceptionName: entry.error.name,
    stacktrace: renderErrorChain(entry.error),
    timestamp: entry.timestampMs,
    failureLabels: {},
    taskName: entry.taskName ?? null,
    endpoint: entry.endpoint ?? null,
    taskManagerId: entry.taskManagerId ?? null,
    ...(entry.concurrent.length > 0
      ? { concurrentExceptions: entry.concurrent.map(exceptionBody) }
      : {}),
  }
}

function resultBody(result: JobResult): JobResultBody {
  const cause = result.failureCause as SerializedError | undefined
  return {
    id: result.jobId,
    name: result.name,
    'application-status': applicationStatusOf(result.status),
    'accumulator-results': serializedAccumulators(result.accumulators),
    'net-runtime': result.endTimeMs - result.startTimeMs,
    ...(cause === undefined
      ? {}
      : {
          'failure-cause': serializedThrowable(cause),
        }),
    'start-time': result.startTimeMs,
    'end-time': result.endTimeMs,
  }
}

/** Flink's words for a cancellation that cannot be. */
function cancellationError(error: unknown): unknown {
  if (!FlinkError.is(error)) return error
  switch (error.code) {
    case 'FLINK_JOB_NOT_FOUND':
      return new RestHandlerError('Job could not be found.', 404, error)
    case 'FLINK_JOB_ALREADY_TERMINATED': {
      // The class is lost on the way through RPC: only the text has the status.
      const status = /instead ([A-Z]+)\.$/.exec(error.message)?.[1] ?? 'unknown'
      return new RestHandlerError(
        `Job cancellation failed because the job has already reached another terminal state (${status}).`,
        409,
      )
    }
    case 'FLINK_RPC_TIMEOUT':
      return new RestHandlerError('Job cancellation timed out.', 408, error)
    default:
      return error
  }
}

/** Calls about one job. */
export const jobRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/:jobid',
    handler: async (request, context) => {
      const graph = await context.executionGraphs.get(hexPathParameter(request, 'jobid'))
      return { body: detailsBody(graph, context.clock.now()) }
    },
  },
  {
    method: 'PATCH',
    path: '/jobs/:jobid',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const mode = request.query.get('mode') ?? 'cancel'
      if (mode === 'stop') {
        throw new RestHandlerError('The mode stop is gone; use POST /jobs/:jobid/stop.', 308)
      }
      if (mode !== 'cancel') {
        throw new RestHandlerError(
          `Bad request, could not parse parameters: Cannot resolve query parameter (mode) from value "${mode}"; expected cancel.`,
          400,
        )
      }
      await context
        .dispatcher()
        .cancelJob({ jobId })
        .catch((error) => {
          throw cancellationError(error)
        })
      return { statusCode: 202, body: {} }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/plan',
    handler: async (request, context) => {
      const graph = await context.executionGraphs.get(hexPathParameter(request, 'jobid'))
      const body: JobPlanBody = { plan: planBody(graph) }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/config',
    handler: async (request, context) => {
      const graph = await context.executionGraphs.get(hexPathParameter(request, 'jobid'))
      const configuration = Configuration.fromMap(graph.jobGraph.configuration)
      const body: JobConfigBody = {
        jid: graph.jobId,
        name: graph.name,
        'execution-config': {
          'restart-strategy': graph.restartStrategy,
          'job-parallelism': graph.parallelism,
          'object-reuse-mode': configuration.get(PipelineOptions.OBJECT_REUSE),
          'user-config': {},
        },
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/exceptions',
    handler: async (request, context) => {
      const graph = await context.executionGraphs.get(hexPathParameter(request, 'jobid'))
      const text = request.query.get('maxExceptions')
      if (text !== null && !/^[1-9]\d{0,8}$/.test(text)) {
        throw new RestHandlerError(
          `Bad request, could not parse parameters: Cannot resolve query parameter (maxExceptions) from value "${text}".`,
          400,
        )
      }
      const most = text === null ? DEFAULT_MAX_EXCEPTIONS : Number(text)
      // No failure has labels: nothing adds any. So a filter leaves none.
      const filtered = (request.query.get('failureLabelFilter') ?? '') !== ''
      const entries = filtered ? [] : [...graph.exceptionHistory].reverse()
      const body: JobExceptionsBody = {
        exceptionHistory: {
          entries: entries.slice(0, most).map(exceptionBody),
          truncated: graph.exceptionHistoryTruncated || entries.length > most,
        },
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/accumulators',
    handler: async (request, context) => {
      const graph = await context.executionGraphs.get(hexPathParameter(request, 'jobid'))
      const serialized = booleanQueryParameter(request, 'includeSerializedValue')
      const snapshots = accumulatorsOf(graph.vertices)
      const body: JobAccumulatorsBody = {
        'job-accumulators': [],
        'user-task-accumulators': snapshots.map(userAccumulatorBody),
        'serialized-user-task-accumulators': serialized ? serializedAccumulators(snapshots) : {},
      }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/status',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const { status } = await context.dispatcher().requestJobStatus({ jobId })
      const body: JobStatusBody = { status }
      return { body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/execution-result',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const { result } = await context.dispatcher().requestJobResult({ jobId })
      if (result !== undefined) context.executionGraphs.forget(jobId)
      const body: JobExecutionResultBody =
        result === undefined
          ? { status: { id: 'IN_PROGRESS' } }
          : { status: { id: 'COMPLETED' }, 'job-execution-result': resultBody(result) }
      return { body }
    },
  },
  {
    method: 'PATCH',
    path: '/jobs/:jobid/clientHeartbeat',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const expiredTimestampMs = (request.body as { expiredTimestamp?: unknown }).expiredTimestamp
      if (!Number.isSafeInteger(expiredTimestampMs)) {
        throw new RestHandlerError(
          'Request did not match expected format JobClientHeartbeatRequestBody.',
          400,
        )
      }
      await context.dispatcher().reportJobClientHeartbeat({
        jobId,
        expiredTimestampMs: expiredTimestampMs as number,
      })
      return { statusCode: 202, body: {} }
    },
  },
]
