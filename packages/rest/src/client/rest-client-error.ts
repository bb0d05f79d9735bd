import { FlinkError } from '@flink-ts/core'

/** The REST endpoint could not be reached, or what answered is none. */
export class RestConnectionError extends FlinkError {
  readonly address: string

  constructor(message: string, address: string, cause?: unknown) {
    super(message, { code: 'FLINK_REST_CONNECTION', retriable: true, cause })
    this.address = address
  }
}

/** The REST endpoint refused the call. */
export class RestClientError extends FlinkError {
  readonly statusCode: number
  /** As the server sent them. */
  readonly errors: readonly string[]

  constructor(request: string, statusCode: number, errors: readonly string[]) {
    super(`${request} was answered with ${statusCode}: ${errors.join('\n')}`, {
      code: 'FLINK_REST_CLIENT',
      // Nobody led, or the leader was lost.
      retriable: statusCode === 503 || statusCode === 502,
    })
    this.statusCode = statusCode
    this.errors = errors
  }
}
