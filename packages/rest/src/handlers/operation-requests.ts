import { CheckpointingOptions, Configuration, isHexId } from '@flink-ts/core'
import type { TriggeredOperationResponse } from '@flink-ts/runtime'
import type { HandlerContext, HandlerRequest } from '../server/handler.js'
import { hexPathParameter } from '../server/parameters.js'
import { RestHandlerError } from '../server/rest-handler-error.js'

type Kind = 'string' | 'boolean'

/**
 * The fields of a request's body.
 *
 * @param fields those that there are, with their types or the words that they may be
 * @throws RestHandlerError 400 naming the field that is unknown or not as expected
 */
export function bodyFields<F extends Readonly<Record<string, Kind | readonly string[]>>>(
  request: HandlerRequest,
  fields: F,
): { readonly [K in keyof F]?: F[K] extends 'boolean' ? boolean : string } {
  const result: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(request.body as object)) {
    const expected = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (expected === undefined) {
      throw refused(`there is no field "${name}"; known are ${Object.keys(fields).join(', ')}`)
    }
    if (value === null) continue
    if (typeof expected !== 'string') {
      if (!expected.includes(value as string)) {
        throw refused(`"${name}" is ${JSON.stringify(value)}; expected ${expected.join(' or ')}`)
      }
    } else if (typeof value !== expected || value === '') {
      throw refused(`"${name}" is ${JSON.stringify(value)}; expected a ${expected}`)
    }
    result[name] = value
  }
  return result as { readonly [K in keyof F]?: F[K] extends 'boolean' ? boolean : string }
}

/** How an operation goes. @throws RestHandlerError, FlinkError FLINK_OPERATION_NOT_FOUND */
export async function requestOperation(
  context: HandlerContext,
  request: { readonly jobId: string; readonly triggerId: string },
): Promise<TriggeredOperationResponse> {
  const operation = await context.dispatcher().requestTriggeredOperation(request)
  context.operations.told(request.triggerId, operation.status !== 'IN_PROGRESS')
  return operation
}

/** The id that an operation gets: the caller's, else a new one. @throws RestHandlerError 400 */
export function triggerIdOf(given: string | undefined, context: HandlerContext): string {
  if (given === undefined) return context.random.hex(16)
  const triggerId = given.toLowerCase()
  if (isHexId(triggerId)) return triggerId
  throw refused(`"triggerId" is ${JSON.stringify(given)}; expected 32 hexadecimal digits`)
}

/**
 * The job that a savepoint is asked of, once it is clear that there is a folder for it.
 *
 * @param property the field that the folder is named by
 * @throws RestHandlerError 400 in Flink's words
 */
export async function jobOfSavepoint(
  request: HandlerRequest,
  context: HandlerContext,
  { property, directory }: { property: string; directory: string | undefined },
): Promise<string> {
  const jobId = hexPathParameter(request, 'jobid')
  const option = CheckpointingOptions.SAVEPOINT_DIRECTORY
  if (directory !== undefined || context.configuration.get(option) !== undefined) return jobId
  const { jobGraph } = await context.executionGraphs.get(jobId)
  if (Configuration.fromMap(jobGraph.configuration).get(option) !== undefined) return jobId
  throw new RestHandlerError(
    `Config key [${option.key}] is not set. Property [${property}] must be provided.`,
    400,
  )
}

function refused(what: string): RestHandlerError {
  return new RestHandlerError(
    `Bad request received. Request did not conform to expected format: ${what}.`,
    400,
  )
}
