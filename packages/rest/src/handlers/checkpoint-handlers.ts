import type { RequestCheckpointStatisticsRequest } from '@flink-ts/runtime'
import type {
  AsynchronousOperationBody,
  CheckpointInfoBody,
  TriggerResponseBody,
} from '../messages/checkpoint-messages.js'
import type { HandlerContext, HandlerResponse, Route } from '../server/handler.js'
import { hexPathParameter, indexPathParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'
import { bodyFields, requestOperation, triggerIdOf } from './operation-requests.js'
import { serializedThrowable } from './serialized-throwable.js'

/** Checkpoints of a job: what is known of them, and one that somebody asks for. */
export const checkpointRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/jobs/:jobid/checkpoints',
    handler: (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      return statistics(context, { jobId, kind: 'OVERVIEW' }, NOT_ENABLED)
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/config',
    handler: (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      return statistics(context, { jobId, kind: 'CONFIG' }, NOT_ENABLED)
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/details/:checkpointid',
    handler: (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const checkpointId = indexPathParameter(request, 'checkpointid')
      return statistics(
        context,
        { jobId, kind: 'DETAILS', checkpointId },
        `Could not find checkpointing statistics for checkpoint ${checkpointId}.`,
      )
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid',
    handler: (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const checkpointId = indexPathParameter(request, 'checkpointid')
      const vertexId = hexPathParameter(request, 'vertexid')
      return statistics(
        context,
        { jobId, kind: 'SUBTASKS', checkpointId, vertexId },
        `There is no statistic of checkpoint ${checkpointId} for task ${vertexId}.`,
      )
    },
  },
  {
    method: 'POST',
    path: '/jobs/:jobid/checkpoints',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const fields = bodyFields(request, {
        checkpointType: ['CONFIGURED', 'FULL', 'INCREMENTAL'] as const,
        triggerId: 'string',
      })
      const triggerId = triggerIdOf(fields.triggerId, context)
      const checkpointType = fields.checkpointType ?? 'CONFIGURED'
      await context.dispatcher().triggerManualCheckpoint({ jobId, checkpointType, triggerId })
      const body: TriggerResponseBody = { 'request-id': triggerId }
      return { statusCode: 202, body }
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/checkpoints/:triggerid',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const triggerId = hexPathParameter(request, 'triggerid')
      const operation = await requestOperation(context, { jobId, triggerId })
      const { status, checkpointId, failureCause } = operation
      const body: AsynchronousOperationBody<CheckpointInfoBody> =
        status === 'IN_PROGRESS'
          ? { status: { id: 'IN_PROGRESS' }, operation: null }
          : {
              status: { id: 'COMPLETED' },
              operation: {
                ...(checkpointId !== undefined && { checkpointId }),
                ...(failureCause !== undefined && {
                  failureCause: serializedThrowable(failureCause),
                }),
              },
            }
      return { body }
    },
  },
]

const NOT_ENABLED = 'Checkpointing has not been enabled.'

/** @throws RestHandlerError 404 saying `ifMissing` */
async function statistics(
  context: HandlerContext,
  request: RequestCheckpointStatisticsRequest,
  ifMissing: string,
): Promise<HandlerResponse> {
  const { json } = await context.dispatcher().requestCheckpointStatistics(request)
  if (json === undefined) throw new RestHandlerError(ifMissing, 404)
  return { body: JSON.parse(Buffer.from(json).toString()) }
}
