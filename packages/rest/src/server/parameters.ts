import { isHexId } from '@flink-ts/core'
import type { HandlerRequest } from './handler.js'
import { RestHandlerError } from './rest-handler-error.js'

/** A path parameter that is one of the 16-byte ids. @throws RestHandlerError 400 */
export function hexPathParameter(request: HandlerRequest, name: string): string {
  const text = (request.path[name] ?? '').toLowerCase()
  if (isHexId(text)) return text
  throw new RestHandlerError(
    `Bad request, could not parse parameters: Cannot resolve path parameter (${name}) from value "${request.path[name] ?? ''}".`,
    400,
  )
}

/** A path parameter that is a whole number from 0. @throws RestHandlerError 400 */
export function indexPathParameter(request: HandlerRequest, name: string): number {
  const text = request.path[name] ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new RestHandlerError(
    `Bad request, could not parse parameters: Cannot resolve path parameter (${name}) from value "${text}".`,
    400,
  )
}

/** A comma-separated query parameter; undefined if absent. */
export function listQueryParameter(request: HandlerRequest, name: string): string[] | undefined {
  const text = request.query.get(name)
  return text === null ? undefined : text.split(',').filter((part) => part !== '')
}

/** A query parameter that is `true` or, also if absent, `false`. @throws RestHandlerError 400 */
export function booleanQueryParameter(request: HandlerRequest, name: string): boolean {
  const text = request.query.get(name)?.toLowerCase() ?? 'false'
  if (text === 'true' || text === 'false') return text === 'true'
  throw new RestHandlerError(
    `Bad request, could not parse parameters: Cannot resolve query parameter (${name}) from value "${text}".`,
    400,
  )
}
