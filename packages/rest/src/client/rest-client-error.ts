import { FlinkError, SecurityOptions } from '@flink-ts/core'

const AUTHENTICATION = SecurityOptions.REST_AUTHENTICATION_ENABLED.key
const SECRET_FILE = SecurityOptions.CLUSTER_SECRET_FILE.key

/** The REST endpoint could not be reached, or what answered is none. */
export class RestConnectionError extends FlinkError {
  readonly address: string

  constructor(message: string, address: string, cause?: unknown) {
    super(message, { code: 'FLINK_REST_CONNECTION', retriable: true, cause })
    this.address = address
  }
}

/** The cluster asks who calls, and does not believe this client. */
export class RestUnauthorizedError extends FlinkError {
  readonly address: string

  /**
   * @param origin where the secret came from that was tried; undefined: there was none
   * @param kept where the secret came from that was not shown, since the server did not prove to know it
   */
  constructor(address: string, origin: string | undefined, kept?: string) {
    super(
      kept !== undefined
        ? `The JobManager at ${address} answers only to those who know the secret of its cluster, and does not prove that it knows that of ` +
            `${kept}: it is of another cluster (${SECRET_FILE} names the right file), or addresses are translated on the way to it; then ` +
            `${AUTHENTICATION}: true sends the token without that`
        : origin === undefined
          ? `The JobManager at ${address} answers only to those who know the secret of its cluster, and this client has ` +
            `none to show: copy the cluster-secret of the JobManager into the folder of the configuration, with mode 0600, or set ${SECRET_FILE}`
          : `The JobManager at ${address} does not accept the cluster secret of ${origin}: it is that of another cluster, or ` +
            `was changed; copy the file from the machine of the JobManager, with mode 0600, or set ${SECRET_FILE}`,
      { code: 'FLINK_REST_UNAUTHORIZED' },
    )
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
