import type { TriggeredOperationResponse } from '@flink-ts/runtime'
import type {
  AsynchronousOperationBody,
  SavepointInfoBody,
  TriggerResponseBody,
} from '../messages/checkpoint-messages.js'
import type { HandlerResponse, Route } from '../server/handler.js'
import { hexPathParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'
import { bodyFields, jobOfSavepoint, requestOperation, triggerIdOf } from './operation-requests.js'
import { serializedThrowable } from './serialized-throwable.js'

const FORMATS = ['CANONICAL', 'NATIVE'] as const

/** Savepoints: taken, taken to stop with, and disposed of. Each call begins an operation, another one tells how it goes. */
export const savepointRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/jobs/:jobid/savepoints',
    handler: async (request, context) => {
      const fields = bodyFields(request, {
        'target-directory': 'string',
        'cancel-job': 'boolean',
        formatType: FORMATS,
        triggerId: 'string',
      })
      const directory = fields['target-directory']
      const triggerId = triggerIdOf(fields.triggerId, context)
      const where = { property: 'target-directory', directory }
      await context.dispatcher().triggerSavepoint({
        jobId: await jobOfSavepoint(request, context, where),
        cancelJob: fields['cancel-job'] ?? false,
        formatType: fields.formatType ?? 'CANONICAL',
        triggerId,
        ...(directory !== undefined && { targetDirectory: directory }),
      })
      return triggered(triggerId)
    },
  },
  {
    method: 'POST',
    path: '/jobs/:jobid/stop',
    handler: async (request, context) => {
      const fields = bodyFields(request, {
        targetDirectory: 'string',
        drain: 'boolean',
        formatType: FORMATS,
        triggerId: 'string',
      })
      const { targetDirectory } = fields
      const triggerId = triggerIdOf(fields.triggerId, context)
      const where = { property: 'targetDirectory', directory: targetDirectory }
      await context.dispatcher().stopWithSavepoint({
        jobId: await jobOfSavepoint(request, context, where),
        drain: fields.drain ?? false,
        formatType: fields.formatType ?? 'CANONICAL',
        triggerId,
        ...(targetDirectory !== undefined && { targetDirectory }),
      })
      return triggered(triggerId)
    },
  },
  {
    method: 'GET',
    path: '/jobs/:jobid/savepoints/:triggerid',
    handler: async (request, context) => {
      const jobId = hexPathParameter(request, 'jobid')
      const triggerId = hexPathParameter(request, 'triggerid')
      const body = savepointBody(await requestOperation(context, { jobId, triggerId }))
      // The job was stopped or cancelled with it: what is known of it is older.
      if (body.status.id === 'COMPLETED') context.executionGraphs.forget(jobId)
      return { body }
    },
  },
  {
    method: 'POST',
    path: '/savepoint-disposal',
    handler: async (request, context) => {
      const savepointPath = bodyFields(request, { 'savepoint-path': 'string' })['savepoint-path']
      if (savepointPath === undefined) {
        throw new RestHandlerError('A path is required to dispose a savepoint.', 400)
      }
      const triggerId = triggerIdOf(undefined, context)
      await context.dispatcher().disposeSavepoint({ savepointPath, triggerId })
      return triggered(triggerId, 200)
    },
  },
  {
    method: 'GET',
    path: '/savepoint-disposal/:triggerid',
    handler: async (request, context) => {
      const triggerId = hexPathParameter(request, 'triggerid')
      const operation = await requestOperation(context, { jobId: '', triggerId })
      return { body: savepointBody(operation) }
    },
  },
]

function triggered(triggerId: string, statusCode = 202): HandlerResponse {
  const body: TriggerResponseBody = { 'request-id': triggerId }
  return { statusCode, body }
}

function savepointBody(
  operation: TriggeredOperationResponse,
): AsynchronousOperationBody<SavepointInfoBody> {
  const { status, location, failureCause } = operation
  if (status === 'IN_PROGRESS') return { status: { id: 'IN_PROGRESS' }, operation: null }
  return {
    status: { id: 'COMPLETED' },
    operation: {
      ...(location !== undefined && { location }),
      ...(failureCause !== undefined && { 'failure-cause': serializedThrowable(failureCause) }),
    },
  }
}
