import { errorHeadline, FlinkError } from '@flink-ts/core'

/** An answer other than success: the status code and what stands in `errors`. */
export class RestHandlerError extends FlinkError {
  readonly statusCode: number

  constructor(message: string, statusCode: number, cause?: unknown) {
    super(message, { code: 'FLINK_REST_HANDLER', cause })
    this.statusCode = statusCode
  }
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  FLINK_JOB_NOT_FOUND: 404,
  FLINK_OPERATION_NOT_FOUND: 404,
  FLINK_CHECKPOINTS_UNSUPPORTED: 404,
  FLINK_JOB_ALREADY_TERMINATED: 409,
  FLINK_JOB_NOT_RUNNING: 409,
  FLINK_INVALID_RESOURCE_REQUIREMENTS: 400,
  FLINK_RESCALING_UNSUPPORTED: 400,
  FLINK_INVALID_JOB_GRAPH: 400,
  FLINK_INCOMPATIBLE_CLIENT: 400,
  FLINK_BLOB_TOO_LARGE: 413,
  FLINK_RPC_TIMEOUT: 408,
  FLINK_RPC_RECIPIENT_UNREACHABLE: 503,
  FLINK_RPC_NOT_LEADER: 503,
  FLINK_RPC_FENCING_TOKEN: 503,
  FLINK_LEADERSHIP_LOST: 503,
  FLINK_COORDINATION_CONNECTION_LOST: 503,
  FLINK_BLOB_STORAGE: 503,
  FLINK_REST_NO_LEADER: 503,
  FLINK_REST_LEADER_UNREACHABLE: 503,
  FLINK_REST_LEADER_LOST: 502,
}

/** The text of an error and its causes, each on a line of its own, without stacks of this process. */
export function describeError(error: unknown): string {
  const lines: string[] = []
  let current: unknown = error
  for (let depth = 0; current !== undefined && current !== null && depth < 20; depth++) {
    const text = current instanceof Error ? errorHeadline(current) : String(current)
    lines.push(depth === 0 ? text : `Caused by: ${text}`)
    current = current instanceof Error ? current.cause : undefined
  }
  return lines.join('\n')
}

/** Which answer an error of a handler becomes. */
export function errorResponse(error: unknown): { statusCode: number; errors: string[] } {
  if (error instanceof RestHandlerError) {
    const causes = error.cause === undefined ? '' : `\nCaused by: ${describeError(error.cause)}`
    return { statusCode: error.statusCode, errors: [`${error.message}${causes}`] }
  }
  const status = FlinkError.is(error) ? STATUS_BY_CODE[error.code] : undefined
  if (status !== undefined) return { statusCode: status, errors: [describeError(error)] }
  return {
    statusCode: 500,
    errors: [
      'Internal server error.',
      `<Exception on server side:\n${describeError(error)}\nEnd of exception on server side>`,
    ],
  }
}
